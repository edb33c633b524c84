"""Unpacks a Prometheus server for the tests from the package of the Linux distribution, into cutover's cache.

If apt has no such package (another distribution, no package lists, no network), the script says so and exits with 0.
The tests that need Prometheus are then skipped, except in CI, where they fail.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Unpack the server unless one exists. Return the exit code: 0, even if there is no package."""
    if shutil.which("prometheus") or binary().exists():
        return 0
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        _say("apt is missing; to run the tests that need Prometheus, put `prometheus` on PATH")
        return 0
    _say("downloading the distribution's package (about a minute, once)")
    with tempfile.TemporaryDirectory(prefix="cutover-prometheus-") as folder:
        if not (_download(folder) or (_update() and _download(folder))):
            _say("apt has no package prometheus; to run the tests that need it, put `prometheus` on PATH")
            return 0
        (package,) = Path(folder).glob("prometheus_*.deb")
        unpacked = Path(folder) / "root"
        subprocess.run(["dpkg", "-x", str(package), str(unpacked)], check=True)
        _publish(unpacked / "usr" / "bin" / "prometheus")
    return 0


def binary() -> Path:
    """Return the path of the unpacked server."""
    cache = os.environ.get("CUTOVER_CACHE")
    base = Path(cache) if cache else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cutover"
    return base / "prometheus" / "prometheus"


def _download(folder: str) -> bool:
    command = ["apt-get", "-qq", "download", "prometheus"]
    return subprocess.run(command, cwd=folder, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _update() -> bool:
    """Fetch the package lists, which only root may do."""
    return os.geteuid() == 0 and subprocess.run(["apt-get", "-qq", "update"], check=False).returncode == 0


def _publish(server: Path) -> None:
    """Move the server to its place in one step, so that two runs at the same time do no harm."""
    target = binary()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"prometheus.{os.getpid()}")
    shutil.copy2(server, partial)
    partial.replace(target)


def _say(sentence: str) -> None:
    print(f"prometheus: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
