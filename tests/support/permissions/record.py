"""Writes tests/permissions/recorded_calls.json: `PYTHONPATH=.:tests python -m support.permissions.record`."""

import tempfile
from pathlib import Path

from cutover.config import EnvironmentConfig
from support.permissions.journey import environment, run
from support.permissions.recording import FILE, Recorder, written


def main() -> None:
    """Run the journey under the policies of the roles, and write its requests."""
    recorder, configs = Recorder(), list[EnvironmentConfig]()

    def prepared(config: EnvironmentConfig) -> None:
        configs.append(config)
        recorder.enforce(config)

    try:
        with tempfile.TemporaryDirectory() as folder, environment(Path(folder), recorder) as journey:
            run(journey, prepared)
    finally:
        for role, request in recorder.denied:
            print(f"denied: {role} {request.action} {request.resource} {dict(request.context)}")
    FILE.write_text(written(recorder.asked, configs[0]), encoding="utf-8")
    print(f"{FILE}: {len(recorder.asked)} requests")


if __name__ == "__main__":
    main()
