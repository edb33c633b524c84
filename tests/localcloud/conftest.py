"""Fixtures of the local cloud's tests."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.balancer import BalancedShop


@pytest.fixture
def alb() -> Iterator[BalancedShop]:
    """A load balancer with real sockets."""
    with ExitStack() as stack:
        yield BalancedShop(stack)
