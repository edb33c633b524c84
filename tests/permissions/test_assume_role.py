"""The driver and the provider of Pulumi assume the role of the file, and renew its credentials."""

import json
from collections.abc import Iterator
from pathlib import Path
from wsgiref.types import WSGIEnvironment

import pytest
from pydantic import ValidationError

from cutover.adapters.session import Session
from cutover.config.schema import Provider
from cutover.localcloud.backends import Call
from cutover.localcloud.provider.clients import Clients
from cutover.localcloud.server import LocalCloud

ARN = "arn:aws:iam::123456789012:role/deployer"
ROLE = {"arn": ARN, "external_id": "ticket-1", "session_name": "shop-prod", "session_tags": {"team": "checkout"}}


class Asked:
    """The requests to a local cloud: service, action, access key, and the fields."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, object]]] = []
        self.endpoint = ""

    def __call__(self, call: Call, environ: WSGIEnvironment) -> None:
        key = environ["HTTP_AUTHORIZATION"].partition("Credential=")[2].split("/")[0]
        self.calls.append((call.action, key, call.fields))

    def of(self, action: str) -> list[tuple[str, dict[str, object]]]:
        """Access key and fields of each request of this kind."""
        return [(key, fields) for name, key, fields in self.calls if name == action]


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    recorder = Asked()
    with LocalCloud(tmp_path, authorize=recorder) as cloud:
        recorder.endpoint = cloud.endpoint
        yield recorder


def provider(endpoint: str, **role: object) -> Provider:
    return Provider.model_validate(
        {
            "region": "eu-west-1",
            "account_id": "123456789012",
            "endpoint": endpoint,
            "access_key": "machine",
            "secret_key": "x",
            "assume_role": ROLE | role,
        }
    )


def test_the_driver_assumes_the_role_once_for_many_calls(asked: Asked) -> None:
    session = Session(provider(asked.endpoint))
    session.ecs.list_clusters()
    session.sns.list_topics()
    ((key, fields),) = asked.of("AssumeRole")
    assert (key, fields["RoleArn"], fields["ExternalId"]) == ("machine", ARN, "ticket-1")
    assert (fields["RoleSessionName"], fields["Tags.member.1.Value"]) == ("shop-prod", "checkout")
    users = {key for action in ("ListClusters", "ListTopics") for key, _ in asked.of(action)}
    assert len(users) == 1
    assert "machine" not in users


def test_credentials_are_renewed_before_they_end(asked: Asked) -> None:
    # With 15 minutes left botocore renews: these have less from the start.
    session = Session(provider(asked.endpoint, duration="15m"))
    session.ecs.list_clusters()
    session.ecs.list_clusters()
    first, second = (key for key, _ in asked.of("ListClusters"))
    assert first != second
    assert len(asked.of("AssumeRole")) >= 2


def test_the_provider_of_pulumi_assumes_the_role_too(asked: Asked) -> None:
    services = json.dumps([{"ecs": asked.endpoint, "sts": asked.endpoint}])
    roles = json.dumps([{"roleArn": ARN, "externalId": "ticket-1", "sessionName": "shop-prod"}])
    keys = {"accessKey": "machine", "secretKey": "x", "region": "eu-west-1"}
    Clients({**keys, "endpoints": services, "assumeRoles": roles})("ecs").list_clusters()
    ((_, fields),) = asked.of("AssumeRole")
    assert (fields["RoleArn"], fields["ExternalId"], fields["RoleSessionName"]) == (ARN, "ticket-1", "shop-prod")
    ((key, _),) = asked.of("ListClusters")
    assert key != "machine"


def test_a_role_of_another_account_is_refused() -> None:
    with pytest.raises(ValidationError, match="is not a role of account 123456789012"):
        provider("http://127.0.0.1:9", arn="arn:aws:iam::999999999999:role/deployer")
