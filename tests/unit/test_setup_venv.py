"""The set-up of the virtual environment: which interpreters it refuses, and when it is up to date."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "setup" / "venv.py"


def run_with(prelude: str) -> subprocess.CompletedProcess[str]:
    """Run the script in an interpreter from which the prelude has removed something."""
    program = f"import runpy, sys\n{prelude}\nrunpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_a_python_without_venv_is_refused_with_the_package_to_install() -> None:
    answer = run_with(
        "import importlib.util as util; find = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'ensurepip' else find(name)"
    )
    assert answer.returncode == 1
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in answer.stderr


def test_a_python_that_is_too_old_is_refused_with_the_command_for_another() -> None:
    answer = run_with("sys.version_info = type('V', (tuple,), {'major': 3, 'minor': 10})((3, 10, 4))")
    assert answer.returncode == 1
    assert "3.10 is too old" in answer.stderr
    assert "make PYTHON=" in answer.stderr


def test_make_and_the_script_agree_on_the_stamp(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "tools" / "setup").mkdir(parents=True)
    (tmp_path / "tools" / "setup" / "venv.py").write_bytes(SCRIPT.read_bytes())
    printed = subprocess.run(
        ["make", "--silent", "--eval", "which-stamp: ; @echo $(stamp)", "which-stamp"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (tmp_path / ".venv").mkdir()
    (tmp_path / printed.stdout.strip()).touch()
    answer = subprocess.run(
        [sys.executable, "tools/setup/venv.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")
