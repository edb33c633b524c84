"""Build the project's wheel, and install it into a virtual environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from support.shell import ROOT

# The sources of a wheel. A copy of them is built, so that no earlier `build` folder adds files to the wheel.
_SOURCES = ("cutover", "components", "strategies", "examples")
_FILES = ("pyproject.toml", "README.md", "LICENSE", "Pulumi.yaml", "Pulumi.local.yaml", "__main__.py")


def build_wheel(folder: Path) -> Path:
    """Build the wheel without the network and without the checkout's own folders; returns its path."""
    source, target = folder / "source", folder / "wheel"
    for name in _SOURCES:
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy2(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", str(source)]
    built = subprocess.run(
        [*pip, "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(target)],
        capture_output=True, text=True, check=False, env=_without_checkout(),
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = target.glob("cutover-*.whl")
    return wheel


def names_in(wheel: Path) -> list[str]:
    """The paths of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def install_wheel(wheel: Path, folder: Path, *, without: tuple[str, ...] = ()) -> Path:
    """Install into a fresh virtual environment that sees this interpreter's packages; returns its `cutover`.

    A folder of links to the packages is on its path by a .pth file. Python reads no .pth file in that folder, so the
    editable install is not seen, and the only `cutover` is the wheel's. Packages named in `without` are left out.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    installed = subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        capture_output=True, text=True, check=False, env=_without_checkout(),
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    packages = folder / "packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("cutover", *without)):
            (packages / entry.name).symlink_to(entry)
    (site / "dependencies.pth").write_text(f"{packages}\n", encoding="utf-8")
    return folder / "bin" / "cutover"


def _without_checkout() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
