"""The provider of every stack has the settings of the file."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from cutover.config import EnvironmentConfig
from cutover.config.schema import AssumeRole
from cutover.programs.platform import platform_program


def test_the_provider_assumes_the_role_of_the_file(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    role = AssumeRole(arn="arn:aws:iam::123456789012:role/deployer", external_id="ticket-1", session_tags={"a": "b"})
    provider = config.provider.model_copy(update={"assume_role": role})
    resources = run(partial(platform_program, config.model_copy(update={"provider": provider})))
    (assumed,) = json.loads(resources.one("pulumi:providers:aws")["assumeRoles"])
    assert assumed == {
        "roleArn": "arn:aws:iam::123456789012:role/deployer",
        "externalId": "ticket-1",
        "sessionName": "cutover",
        "tags": {"a": "b"},
        "duration": "3600s",
    }


def test_without_a_role_the_provider_assumes_none(run: Callable[..., Any], config: EnvironmentConfig) -> None:
    resources = run(partial(platform_program, config))
    assert not resources.one("pulumi:providers:aws").get("assumeRoles")
