"""Every port in memory, over one small simulation; tests/contracts compares the fakes with the local cloud."""

from support.fakes.clock import FakeClock
from support.fakes.cloud import FakeCloud
from support.fakes.environment import OUTPUTS, config_for, manifest_for, release_for
from support.fakes.in_memory import InMemoryEnvironment
from support.fakes.ledger import FakeLedger

__all__ = [
    "OUTPUTS",
    "FakeClock",
    "FakeCloud",
    "FakeLedger",
    "InMemoryEnvironment",
    "config_for",
    "manifest_for",
    "release_for",
]
