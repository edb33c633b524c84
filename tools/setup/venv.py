"""Creates the virtual environment of this checkout from requirements-dev.lock; uses the standard library only.

The Makefile runs it if the stamp file of the current inputs is missing. The stamp is written last, so a run after an
interrupted run completes the work. A file lock lets one run install at a time.
"""

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
INPUTS = ("requirements-dev.lock", "pyproject.toml")
OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Install the packages of the lock into `.venv`. Return the exit code: 0 if the environment is complete."""
    refusal = _unusable_interpreter()
    if refusal:
        _say(refusal)
        return 1
    with (ROOT / INPUTS[0]).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = VENV / f".installed-{_inputs_hash()}"
        if stamp.exists():
            return 0
        _say("installing the locked packages into .venv (one to three minutes the first time)")
        try:
            _install()
        except subprocess.CalledProcessError as error:
            _say(f"`{' '.join(error.cmd)}` failed; correct what it reports and run make again")
            return 1
        for old in VENV.glob(".installed-*"):
            old.unlink()
        stamp.touch()
    return 0


def _unusable_interpreter() -> str:
    if sys.version_info < OLDEST_PYTHON:
        return (
            f"Python {sys.version_info.major}.{sys.version_info.minor} is too old; 3.11 or newer is needed; "
            "type: make PYTHON=python3.11"
        )
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        # On Debian and Ubuntu both are in a separate package.
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        return f"this Python cannot create virtual environments; type: sudo apt-get install {package}"
    return ""


def _inputs_hash() -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the inputs, as the Makefile computes them."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:16]


def _install() -> None:
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
    if not _works([*pip, "--version"]):
        _run([_base_interpreter(), "-m", "venv", "--clear", str(VENV)])
    _run([*pip, "install", "--quiet", "--require-hashes", "-r", "requirements-dev.lock"])
    # setuptools comes from the lock, with its hash; build isolation would download another one without a hash.
    _run([*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."])


def _base_interpreter() -> str:
    """Return the installed Python rather than the one in the virtual environment, which is about to be cleared."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / name
    return str(base) if base.exists() else sys.executable


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run(command: list[str]) -> None:
    # These variables would install packages elsewhere, or hide that some are missing.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PIP_USER")}
    subprocess.run(command, cwd=ROOT, check=True, env=environment)


def _say(sentence: str) -> None:
    print(f"setup: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
