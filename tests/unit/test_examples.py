"""The commented example for a real account cannot drift from the models."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from cutover.config import load_environment, parse_environment
from cutover.config.reference import render
from cutover.config.schema import EnvironmentConfig
from cutover.domain.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


def filled() -> str:
    """The example as a team would fill it in."""
    text = TEXT.replace('account_id: "CHANGE-ME"', 'account_id: "123456789012"')
    text = text.replace("vpc_id: CHANGE-ME", "vpc_id: vpc-0123456789abcdef0")
    text = text.replace("certificate_arn: CHANGE-ME", f"certificate_arn: {CERTIFICATE}")
    text = text.replace("CHANGE-ME-zone-a", "subnet-0a").replace("CHANGE-ME-zone-b", "subnet-0b")
    return text.replace("CHANGE-ME", "shop")


def sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Fields of a model that are models themselves, whether optional or not."""
    models: dict[str, type[BaseModel]] = {}
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                models[name] = kind
    return models


def keys(model: type[BaseModel]) -> set[str]:
    """Every key of a model and of the models in it."""
    return set(model.model_fields).union(*(keys(inner) for inner in sections(model).values()))


def test_the_filled_example_is_valid() -> None:
    config = parse_environment(filled(), "prod", "Pulumi.prod.yaml")
    assert (config.load_balancer.certificate_arn, config.release.desired_count) == (CERTIFICATE, 3)


def test_every_placeholder_of_the_example_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        load_environment(ROOT, "prod")
    assert caught.value.message.count("still the placeholder") == len(re.findall("CHANGE-ME", TEXT)) - 1


def test_every_key_of_the_models_is_in_the_example() -> None:
    shown = set(re.findall(r"^\s*(?:# )?(?:cutover:)?([a-z0-9_]+):", TEXT, re.MULTILINE))
    shown |= set(re.findall(r"[{,]\s*([a-z_]+):", TEXT))
    # The name of the project is in Pulumi.yaml.
    assert keys(EnvironmentConfig) - shown == {"project"}


def test_the_commented_defaults_are_the_models_defaults() -> None:
    uncommented = re.sub(r"^(\s*)# ([a-z_]+: (?!null|\{|\[\]).+)$", r"\1\2", filled(), flags=re.MULTILINE)
    plain = parse_environment(filled(), "prod", "Pulumi.prod.yaml")
    assert parse_environment(uncommented, "prod", "Pulumi.prod.yaml") == plain


def test_the_local_environment_is_valid() -> None:
    assert load_environment(ROOT, "local").application == "shop"


def test_the_page_on_the_configuration_is_rendered_from_the_models() -> None:
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == render()
