"""The Identifiers port: unique names, and who runs the driver."""

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
        """Such as `20261124T071904123-9f3c2a1b`: the time in milliseconds, then 32 random bits."""
        return f"{_compact(self._clock.now())}-{secrets.token_hex(4)}"

    def holder(self) -> str:
        """Host, process and a random part, so that two drivers in one process have different names."""
        return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def person(self) -> str:
        """The value of `CUTOVER_ACTOR`, else of the pipeline's variable for the person, else `USER@HOST`."""
        for name in ("CUTOVER_ACTOR", *_PIPELINES):
            if person := os.environ.get(name):
                return person
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            # The user has an id and no name, as in many containers.
            user = str(os.getuid())
        return f"{user}@{socket.gethostname()}"


def _compact(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}"
