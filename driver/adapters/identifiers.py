"""Names that nobody else has."""

import os
import secrets
import socket
from datetime import datetime

from driver.ports import Clock


class RandomIdentifiers:
    """Implements `driver.ports.Identifiers`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def execution_id(self) -> str:
        """`20261124T071904123-9f3c2a1b`: sorts by time to the millisecond; 32 random bits tell equal times apart."""
        return f"{_compact(self._clock.now())}-{secrets.token_hex(4)}"

    def holder(self) -> str:
        """Host, process and a random part, so that two drivers of one process are two holders."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _compact(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}"
