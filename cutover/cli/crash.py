"""Write an unexpected error to a file, and name the file in one sentence."""

import os
import platform
import sys
import time
import traceback
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from cutover.cli.folders import state_folder
from cutover.domain.hidden import without_secrets


def report(error: Exception, *, debug: bool) -> str:
    """Write the traceback to a file in the state folder; returns the sentence that names the error and the file.

    `debug` also prints the traceback to stderr. The file holds no local variables, no arguments of the command line,
    and no value of an environment variable whose name suggests a secret.
    """
    text = without_secrets("".join(traceback.format_exception(error)), os.environ)
    summary = without_secrets(" ".join(f"{type(error).__name__}: {error}".split()), os.environ)
    if debug:
        print(text, file=sys.stderr, end="")
    try:
        file = _write(f"{_versions()}\n\n{text}")
    except OSError as unwritable:
        if not debug:
            print(text, file=sys.stderr, end="")
        return f"unexpected error: {summary}; report it with the traceback above; no file was written ({unwritable})"
    return f"unexpected error: {summary}; report it {_where()}with this file: {file}"


def _write(text: str) -> Path:
    folder = state_folder() / "errors"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return file


def _versions() -> str:
    try:
        version = metadata("cutover")["Version"]
    except PackageNotFoundError:
        version = "from a checkout"
    return f"cutover {version}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def _where() -> str:
    """`at URL `, the project's issue tracker; empty if the package's metadata names none."""
    try:
        urls = metadata("cutover").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    issues = next((url.partition(", ")[2] for url in urls if url.startswith("Issues,")), None)
    return f"at {issues} " if issues else ""
