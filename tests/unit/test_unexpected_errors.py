"""An error that cutover does not understand ends in one sentence and a file, never in a bare traceback."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.cli import doctor, main

Run = Callable[..., int]
SECRET, LOCAL = "wJalrXUtnFEMI", "2424242424"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `cutover doctor`, which raises an error that nobody handles; returns the exit code."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def fail(context: object) -> int:
        answer = "denied for " + os.environ["AWS_SECRET_ACCESS_KEY"]
        local = str(len(answer)) * 5
        raise KeyError(answer, len(local))

    monkeypatch.setattr(doctor, "run", fail)

    def run(*options: str) -> int:
        monkeypatch.setattr("sys.argv", ["cutover", "doctor", *options])
        return main.run()

    return run


def written(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "cutover" / "errors").iterdir()
    return file


def test_the_sentence_names_the_file_that_holds_the_traceback(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 1
    sentence = "✖ unexpected error: KeyError: ('denied for [AWS_SECRET_ACCESS_KEY]', 10); report it with this file: "
    assert capsys.readouterr().err == f"{sentence}{written(tmp_path)}\n"
    assert "Traceback (most recent call last)" in written(tmp_path).read_text()


def test_the_file_holds_no_secret_and_only_its_owner_can_read_it(run: Run, tmp_path: Path) -> None:
    run()
    text = written(tmp_path).read_text()
    assert (SECRET in text, LOCAL in text) == (False, False)
    assert written(tmp_path).stat().st_mode & 0o077 == 0


def test_debug_shows_the_traceback_too(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--debug") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_with_json_the_last_line_is_an_error_object(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--json") == 1
    error = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert error["code"] == "UNEXPECTED"
    assert error["message"].endswith(str(written(tmp_path)))


def test_if_the_file_cannot_be_written_the_traceback_is_printed(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert run() == 1
    printed = capsys.readouterr().err
    assert "Traceback (most recent call last)" in printed
    assert "report it with the traceback above" in printed


def test_an_issue_tracker_in_the_metadata_is_named(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from email.message import Message

    known = Message()
    known["Version"] = "1.0"
    known["Project-URL"] = "Issues, https://example.org/issues"
    monkeypatch.setattr("cutover.cli.crash.metadata", lambda name: known)
    run()
    assert "report it at https://example.org/issues with this file: " in capsys.readouterr().err
