"""Names that nobody else has."""

import getpass
import os
import secrets
import socket
from datetime import datetime

from cutover.ports import Clock

_PIPELINES = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID", "CODEBUILD_INITIATOR")


class RandomIdentifiers:
    """Implements `cutover.ports.Identifiers`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def execution_id(self) -> str:
        """`20261124T071904123-9f3c2a1b`: sorts by time to the millisecond; 32 random bits tell equal times apart."""
        return f"{_compact(self._clock.now())}-{secrets.token_hex(4)}"

    def holder(self) -> str:
        """Host, process and a random part, so that two drivers of one process are two holders."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def person(self) -> str:
        """`CUTOVER_ACTOR` where it is set, what the pipeline says of itself, or user and host."""
        for name in ("CUTOVER_ACTOR", *_PIPELINES):
            if told := os.environ.get(name):
                return told
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            # No name for the user's number, as in many containers.
            user = str(os.getuid())
        return f"{user}@{socket.gethostname()}"


def _compact(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}"
