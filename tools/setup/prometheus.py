"""A Prometheus server for the tests, from the distribution's packages, unpacked beside the engine and never installed.

Prints where it is.  Where apt has none (no Debian, no package lists, no network) it says so and ends with 0: the
tests that need it say that they were skipped, except in CI, where they fail.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_ABOUT = "about a minute, once"


def main() -> int:
    """Unpack it unless it is there."""
    if shutil.which("prometheus") or binary().exists():
        return 0
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        print("· no apt here, so no Prometheus for the tests: put `prometheus` on PATH to run them", flush=True)
        return 0
    print(f"▸ Prometheus for the tests, from the distribution's packages ({_ABOUT})", flush=True)
    with tempfile.TemporaryDirectory(prefix="cutover-prometheus-") as folder:
        if not (_download(folder) or (_update() and _download(folder))):
            print("· apt has no package prometheus here: put `prometheus` on PATH to run its tests", flush=True)
            return 0
        (package,) = Path(folder).glob("prometheus_*.deb")
        unpacked = Path(folder) / "root"
        subprocess.run(["dpkg", "-x", str(package), str(unpacked)], check=True)
        _publish(unpacked / "usr" / "bin" / "prometheus")
    return 0


def binary() -> Path:
    """Where the unpacked server is."""
    cache = os.environ.get("CUTOVER_CACHE")
    base = Path(cache) if cache else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cutover"
    return base / "prometheus" / "prometheus"


def _download(folder: str) -> bool:
    command = ["apt-get", "-qq", "download", "prometheus"]
    return subprocess.run(command, cwd=folder, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _update() -> bool:
    """Only root may fetch the package lists."""
    return os.geteuid() == 0 and subprocess.run(["apt-get", "-qq", "update"], check=False).returncode == 0


def _publish(found: Path) -> None:
    """Whole or not at all, also where two set-ups run at once."""
    target = binary()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"prometheus.{os.getpid()}")
    shutil.copy2(found, partial)
    partial.replace(target)


if __name__ == "__main__":
    sys.exit(main())
