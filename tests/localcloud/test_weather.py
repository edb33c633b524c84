"""The weather: the same seed gives the same choices, and the verbs change and show it."""

import json
from pathlib import Path

import pytest

from cutover.cli.context import Context
from cutover.cli.local import status, weather
from cutover.domain.errors import InvalidInput
from cutover.localcloud import process
from cutover.localcloud.weather import AWS, CALM, Sky

CONTEXT = Context(environment=None, json=True, project=Path())


def test_the_choices_of_a_behaviour_depend_on_the_seed_and_on_no_other_behaviour() -> None:
    alone, among_others = Sky(AWS, seed=7), Sky(AWS, seed=7)
    among_others.number("other")
    first = [alone.number("throttling") for _ in range(5)]
    assert first == [among_others.number("throttling") for _ in range(5)]
    assert first != [Sky(AWS, seed=8).number("throttling") for _ in range(5)]


def test_a_change_starts_the_choices_again() -> None:
    sky = Sky(CALM, seed=7)
    first = sky.number("throttling")
    sky.change("aws", 7)
    assert (sky.weather, sky.number("throttling")) == (AWS, first)


def test_the_local_cloud_starts_in_the_weather_aws_and_the_verbs_change_and_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUTOVER_LOCAL", str(tmp_path))
    process.up(tmp_path, port=0)
    try:
        status.run(CONTEXT)
        assert json.loads(capsys.readouterr().out)["weather"] == {"name": "aws", "seed": 0}
        weather.run(CONTEXT, "storm", seed=3)
        capsys.readouterr()
        status.run(CONTEXT)
        assert json.loads(capsys.readouterr().out)["weather"] == {"name": "storm", "seed": 3}
        with pytest.raises(InvalidInput, match="there is no weather 'fog'; choose calm, aws, storm"):
            weather.run(CONTEXT, "fog", seed=0)
    finally:
        process.down(tmp_path)
