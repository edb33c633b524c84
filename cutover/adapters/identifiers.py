"""The Identifiers port: unique names, who runs the driver, and chance."""

import getpass
import os
import random
import secrets
import socket

_PIPELINES = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID", "CODEBUILD_INITIATOR")


class RandomIdentifiers:
    """Implements `cutover.ports.Identifiers`."""

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

    def fraction(self) -> float:
        """A random number from 0 to 1."""
        return random.random()  # noqa: S311 - jitter is no secret
