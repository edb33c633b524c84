"""What makes thousands of sequences per minute possible: a fast hash, and configurations that are built once."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from cutover.config import EnvironmentConfig
from cutover.config.settings import pinned_settings, with_settings
from cutover.domain import Allocation, Control, Execution, GoodReleases, execution, release, steps
from cutover.domain.frozen import Frozen
from support.fakes import FakeLedger, config_for

_MODULES = (execution, release, steps)
# The package's functions have the names of its modules.
_RESUME, _START = import_module("cutover.operations.resume"), import_module("cutover.operations.start")
CAPACITY = 2
LEASE_SECONDS = 20.0
DRAIN, MARGIN, BAKE = 2.0, 1.0, 3.0
"""Seconds."""
TIMES = {"bake": f"{BAKE:g}s", "propagation_margin": f"{MARGIN:g}s", "drain": f"{DRAIN:g}s"}
STRATEGIES: dict[str, dict[str, object]] = {
    "blue-green": {"kind": "blue-green"},
    "canary": {"kind": "canary", "canary": {"steps": [{"scale": 50}, {"weight": 10}, {"pause": "2s"}, {"weight": 50}]}},
    "approve": {"kind": "canary", "canary": {"steps": [{"weight": 25}, {"approve": {}}]}},
    "drill": {"kind": "canary", "canary": {"steps": [{"drill": True}, {"weight": 50}]}},
    "linear": {"kind": "linear", "linear": {"percent": 50, "interval": "2s"}},
    "rolling": {"kind": "rolling", "rolling": {"batch_percent": 50, "pause": "1s"}},
    "recreate": {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}},
}
HEALTH = {"interval": "2s", "consecutive": 2, "deadline": "12s"}
METRICS = {
    "errors": {"preset": "error-rate", "at_most": 5, "window": "1s", "period": "1s", "delay": "0s", "interval": "1s"}
}
# No test here calls it. With the scale, a minute of CloudWatch takes a second.
PROVIDER = {"region": "eu-west-1", "account_id": "123456789012", "endpoint": "http://127.0.0.1:1", "time_scale": 60}
GATES: dict[str, dict[str, object]] = {
    "health": {"health": HEALTH, "patience": "8s"},
    "alarm": {"health": HEALTH, "patience": "8s", "alarms": {"names": ["burning"], "patience": "5s"}},
    "metric": {"health": HEALTH, "patience": "8s", "metrics": METRICS},
}


def fast_sha256(value: BaseModel) -> str:
    """SHA-256 of the JSON that pydantic writes, once for each object: a tenth of the time of the canonical JSON."""
    known = _hashes.get(id(value))
    if known is not None:
        return known[1]
    digest = hashlib.sha256(value.model_dump_json().encode()).hexdigest()
    if len(_hashes) > _MOST_HASHES:
        _hashes.clear()
    # The object is kept, so that its id stays its own.
    _hashes[id(value)] = (value, digest)
    return digest


def _copy_fast(value: Frozen, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Frozen:
    """`model_copy` of a model without extra and private fields."""
    assert not deep
    copied = object.__new__(type(value))
    object.__setattr__(copied, "__dict__", value.__dict__ | (update or {}))
    object.__setattr__(copied, "__pydantic_fields_set__", value.__pydantic_fields_set__ | (update or {}).keys())
    object.__setattr__(copied, "__pydantic_extra__", None)
    object.__setattr__(copied, "__pydantic_private__", None)
    return copied


_hashes: dict[int, tuple[BaseModel, str]] = {}
_MOST_HASHES = 20_000


@contextmanager
def fast_records() -> Iterator[None]:
    """Hash records fast, and pin settings once; digests differ from the real ones, and everything else is the same."""
    before = [(module, "sha256_of", module.sha256_of) for module in _MODULES]
    before += [
        (Frozen, "model_copy", Frozen.model_copy),
        (_START, "pinned_settings", _START.pinned_settings),
        (_RESUME, "with_settings", _RESUME.with_settings),
    ]
    try:
        for module in _MODULES:
            module.sha256_of = fast_sha256
        Frozen.model_copy = _copy_fast  # type: ignore[method-assign, assignment]
        _START.pinned_settings, _RESUME.with_settings = _pinned_once, _read_once  # type: ignore[attr-defined]
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


_pinned: dict[int, tuple[EnvironmentConfig, str]] = {}
_read: dict[tuple[int, str], tuple[EnvironmentConfig, EnvironmentConfig]] = {}


def _pinned_once(config: EnvironmentConfig) -> str:
    """`pinned_settings`, remembered for each object; the object is kept, so that its id stays its own."""
    if id(config) not in _pinned:
        _pinned[id(config)] = (config, pinned_settings(config))
    return _pinned[id(config)][1]


def _read_once(config: EnvironmentConfig, settings: str) -> EnvironmentConfig:
    key = id(config), settings
    if key not in _read:
        _read[key] = (config, with_settings(config, settings))
    return _read[key][1]


@cache
def configuration(
    version: str, strategy: str, gates: str, retention: str, on_drift: str, capacity: int = CAPACITY
) -> EnvironmentConfig:
    """The configuration of one version with short times."""
    return config_for(
        version,
        release={"version": version, "image": f"shop:{version}", "desired_count": capacity},
        strategy=TIMES | STRATEGIES[strategy],
        gates=GATES[gates],
        retention={"mode": retention},
        provider=PROVIDER,
        on_drift=on_drift,
    )


class FastLedger(FakeLedger):
    """The ledger of the fakes without its repeated work; what it returns is the same."""

    def control(self, execution_id: str) -> Control:
        """The recorded item; an empty one is made once."""
        known = self.controls.get(execution_id)
        return known if known is not None else _no_control(execution_id)

    def latest_execution(self) -> Execution | None:
        """The last head: numbers only grow, which `_apply` checks."""
        return next(reversed(self.heads.values()), None)

    def allocation(self) -> Allocation:
        """The recorded one; an empty one is made once."""
        return self.the_allocation or _NO_ALLOCATION

    def good(self) -> GoodReleases:
        """The recorded one; an empty one is made once."""
        return self.the_good or _NO_GOOD


_NO_ALLOCATION, _NO_GOOD = Allocation(), GoodReleases()


@cache
def _no_control(execution_id: str) -> Control:
    return Control(execution_id=execution_id)
