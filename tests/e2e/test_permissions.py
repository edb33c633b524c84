"""Every verb works under the policies of its role, and the recording of what the verbs ask for is current."""

from pathlib import Path

import pytest

from support.permissions.journey import environment, run
from support.permissions.recording import Recorder, read, without_ids

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_the_verbs_work_under_their_policies_and_the_recording_has_all_their_requests(tmp_path: Path) -> None:
    recorder = Recorder()
    with environment(tmp_path, recorder) as journey:
        run(journey, recorder.enforce)
    assert recorder.denied == []
    _, recorded = read()
    missing = without_ids(recorder.asked) - without_ids(recorded)
    assert missing == set(), "record again: PYTHONPATH=.:tests python -m support.permissions.record"
