"""Find the Pulumi engine: on PATH, or in the folder into which `make setup` installs it."""

import os
import shutil
from importlib.metadata import version
from pathlib import Path


def find_engine() -> Path | None:
    """Path of the program `pulumi`; None if it is neither on PATH nor where `make setup` installs it."""
    if on_path := shutil.which("pulumi"):
        return Path(on_path).absolute()
    installed = installed_engine()
    return installed if os.access(installed, os.X_OK) else None


def installed_engine() -> Path:
    """Where `make setup` installs the engine: below $CUTOVER_CACHE, else $XDG_CACHE_HOME/cutover or ~/.cache/cutover.

    The engine has the version of the installed Python SDK.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cutover"
    return Path(os.environ.get("CUTOVER_CACHE") or cache).absolute() / "pulumi" / f"v{version('pulumi')}/bin/pulumi"


def install_command() -> str:
    """The command that installs the engine: `make setup` in a checkout, else Pulumi's own installer."""
    if (Path(__file__).resolve().parents[2] / "tools" / "setup" / "engine.py").is_file():
        return "make setup"
    # https://www.pulumi.com/docs/install/
    return f"curl -fsSL https://get.pulumi.com | sh -s -- --version {version('pulumi')}"
