"""The settings of an execution are pinned without secrets, and a later change of the file does not change them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.config import EnvironmentConfig
from cutover.config.fields import duration_text, parse_duration
from cutover.config.settings import pinned_settings, settings_hash, with_settings, with_settings_on_the_way_back
from cutover.domain.errors import Refused
from support.fakes import config_for

SECRET = "S3CRET-CANARY"
HOOK_URL = f"https://user:{SECRET}@hooks.example:8443/services/{SECRET}?token={SECRET}"
SERVER = f"https://:{SECRET}@metrics.example/{SECRET}"


def hooks(url: str = HOOK_URL, name: str = "smoke") -> dict[str, object]:
    return {name: {"at": "AfterInstall", "webhook": {"url": url, "secret_variable": "KEY"}, "timeout": "90s"}}


def gates(at_most: float = 1, address: str = SERVER) -> dict[str, object]:
    errors = {"preset": "prometheus", "at_most": at_most, "prometheus": {"address": address, "query": "errors"}}
    return {"metrics": {"errors": errors, "cpu": {"preset": "cpu", "at_most": 80.5, "interval": "500ms"}}}


def everything(**changes: object) -> EnvironmentConfig:
    """A configuration that uses every pinned section."""
    sections: dict[str, object] = {
        "hooks": hooks(),
        "gates": gates(),
        "strategy": {"kind": "canary", "canary": {"steps": [{"weight": 5}, {"pause": "1.5h"}, {"hook": "smoke"}]}},
        "retention": {"mode": "warm", "keep": 2},
        "on_drift": "restore",
    }
    return config_for("v1", **(sections | changes))


STARTED_WITH = pinned_settings(everything())


def refusal(config: EnvironmentConfig, settings: str = STARTED_WITH) -> Refused:
    with pytest.raises(Refused) as caught:
        with_settings(config, settings)
    assert SECRET not in caught.value.message
    return caught.value


def test_the_same_file_gives_the_same_configuration_and_the_same_hash() -> None:
    assert with_settings(everything(), STARTED_WITH) == everything()
    assert settings_hash(pinned_settings(everything())) == settings_hash(STARTED_WITH)


def test_a_default_configuration_survives_the_round_trip() -> None:
    assert with_settings(config_for("v1"), pinned_settings(config_for("v1"))) == config_for("v1")


def test_a_changed_limit_window_or_strategy_of_the_file_has_no_effect() -> None:
    changed = everything(
        gates=gates(at_most=50),
        strategy={"bake": "1s"},
        retention={"mode": "cold"},
        on_drift="stop",
        tags={"team": "web"},
    )
    resumed = with_settings(changed, STARTED_WITH)
    assert resumed == everything(tags={"team": "web"})


def test_a_gate_that_the_file_no_longer_has_still_judges() -> None:
    renamed = gates()
    renamed["metrics"] = {"failures": renamed["metrics"]["errors"]}  # type: ignore[index]
    assert set(with_settings(everything(gates=renamed), STARTED_WITH).gates.metrics) == {"errors", "cpu"}


def test_the_settings_have_of_a_url_only_its_origin_and_its_hash() -> None:
    assert SECRET not in STARTED_WITH
    url = json.loads(STARTED_WITH)["hooks"]["smoke"]["webhook"]["url"]
    assert (url["origin"], len(url["sha256"])) == ("https://hooks.example:8443", 64)


def test_a_renamed_hook_of_the_file_still_provides_the_url() -> None:
    renamed = everything(hooks=hooks(name="check"), strategy={})
    assert with_settings(renamed, STARTED_WITH).hooks == everything().hooks


@pytest.mark.parametrize("url", [HOOK_URL + "x", "https://hooks.example:8443/"])
def test_a_changed_url_is_refused_with_the_name_of_its_hook(url: str) -> None:
    error = refusal(everything(hooks=hooks(url)))
    assert error.code == "SETTINGS_CHANGED"
    assert "the hook smoke called another URL at https://hooks.example:8443" in error.message
    assert "put that URL back into Pulumi.prod.yaml" in error.message


def test_a_changed_address_of_prometheus_is_refused_with_the_name_of_its_gate() -> None:
    assert (
        "the gate errors called another URL at https://metrics.example"
        in refusal(everything(gates=gates(address="https://metrics.example/new"))).message
    )


@pytest.mark.parametrize(
    "settings", ["", "nothing", "[]", "[" * 100_000, "{}", '{"hooks": 1, "gates": {"metrics": []}}']
)
def test_unreadable_settings_are_refused_and_name_the_version_that_wrote_them(settings: str) -> None:
    error = refusal(everything(), settings)
    assert (error.code, "continue with the version that wrote them" in error.message) == ("CORRUPT_SETTINGS", True)


def test_a_setting_of_a_later_version_is_refused_and_not_ignored() -> None:
    document = json.loads(STARTED_WITH)
    document["gates"]["metrics"]["cpu"]["forecast"] = True
    assert "gates.metrics.cpu.forecast" in refusal(everything(), json.dumps(document)).message


def test_settings_of_an_earlier_version_get_the_default_of_a_field_that_was_added() -> None:
    document = json.loads(STARTED_WITH)
    del document["gates"]["patience"]
    assert with_settings(everything(), json.dumps(document)).gates.patience == 120.0


def test_on_the_way_back_a_hook_or_gate_without_its_url_is_left_out() -> None:
    changed = everything(hooks=hooks("https://new.example/"), gates=gates(address="https://new.example"), strategy={})
    resumed = with_settings_on_the_way_back(changed, STARTED_WITH)
    assert (resumed.hooks, set(resumed.gates.metrics), resumed.on_drift) == ({}, {"cpu"}, "restore")


def test_on_the_way_back_the_file_replaces_unreadable_settings() -> None:
    assert with_settings_on_the_way_back(everything(), "nothing") == everything()


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h"]))
def test_a_duration_as_text_is_the_same_duration(count: int, unit: str) -> None:
    seconds = parse_duration(f"{count / 1000}{unit}" if count >= 1000 else f"{count}{unit}")
    assert parse_duration(duration_text(seconds)) == seconds
