"""The user's folders that the command line writes to."""

import os
from pathlib import Path


def state_folder() -> Path:
    """The folder for cutover's files: below $XDG_STATE_HOME, or below ~/.local/state.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "cutover"
