"""The digest of a manifest that is on record never moves, also when a later version adds fields to the models."""

import hashlib
import json
from typing import Annotated

from pydantic import Field

from cutover.domain import Manifest
from cutover.domain.frozen import AddedIn, Frozen, canonical_json, sha256_of
from cutover.domain.release import Container, HealthCheck

GOLDEN = (
    '{"application":"shop","architecture":"X86_64","baseline_for":null,"components_revision":2,"container":{"command":'
    '["serve"],"environment":{"GREETING":"größe"},"image":"shop@sha256:' + "a" * 64 + '","port":8080,"secrets":{"DB":'
    '"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:::v1"},"stop_timeout_seconds":30,"user":'
    '"65532:65532","writable_paths":["/tmp"]},"cpu":256,"deregistration_delay_seconds":20,"desired_count":2,'
    '"environment":"prod","health_check":{"grace_period_seconds":60,"healthy_threshold":2,"interval_seconds":10,'
    '"matcher":"200","path":"/health","timeout_seconds":5,"unhealthy_threshold":2},"log_retention_days":30,"memory":512,'
    '"network":{"listener_arn":"arn:listener","load_balancer_security_group_id":"sg-1","subnet_ids":["subnet-a",'
    '"subnet-b"],"vpc_id":"vpc-1"},"schema_version":1,"slow_start_seconds":0,"tags":{"team":"web"},"version":"v1"}'
)
"""A manifest as version 0.2 records it. Do not change this text: it stands for every release on record."""
GOLDEN_DIGEST = "63950e6380c77abe8b72a244515f2bd011234fda671aa65974aaf5b0871ab003"


class LaterContainer(Container):
    """A container as a later version of cutover may describe it."""

    read_only: Annotated[bool, AddedIn(2)] = False


class LaterHealthCheck(HealthCheck):
    """A health check as a later version may describe it, with a default that is made by a function."""

    headers: Annotated[dict[str, str], AddedIn(2)] = Field(default_factory=dict)


class LaterManifest(Manifest):
    """A manifest as a later version may describe it."""

    container: LaterContainer
    health_check: LaterHealthCheck
    sidecars: Annotated[tuple[LaterContainer, ...], AddedIn(2)] = ()
    by_zone: Annotated[dict[str, LaterContainer], AddedIn(2)] = Field(default_factory=dict)
    region: Annotated[str | None, AddedIn(3)] = None


def test_the_digest_of_a_recorded_manifest_is_the_one_of_its_day() -> None:
    assert canonical_json(Manifest.model_validate_json(GOLDEN)) == GOLDEN
    assert Manifest.model_validate_json(GOLDEN).digest == GOLDEN_DIGEST
    assert hashlib.sha256(GOLDEN.encode()).hexdigest() == GOLDEN_DIGEST


def test_fields_that_are_added_later_do_not_move_an_old_digest_at_any_depth() -> None:
    later = LaterManifest.model_validate_json(GOLDEN)
    assert "read_only" in later.model_dump()["container"]
    assert later.digest == GOLDEN_DIGEST


def test_an_added_field_that_is_used_moves_the_digest() -> None:
    later = LaterManifest.model_validate_json(GOLDEN)
    changed = [
        later.model_copy(update={"region": "eu-west-1"}),
        later.model_copy(update={"container": later.container.model_copy(update={"read_only": True})}),
        later.model_copy(update={"sidecars": (later.container,)}),
    ]
    assert len({GOLDEN_DIGEST, *(manifest.digest for manifest in changed)}) == 4


def test_an_added_field_is_left_out_in_lists_and_mappings_too() -> None:
    later = LaterManifest.model_validate_json(GOLDEN)
    filled = later.model_copy(update={"sidecars": (later.container,), "by_zone": {"a": later.container}})
    form = json.loads(canonical_json(filled))
    assert "read_only" not in {*form["sidecars"][0], *form["by_zone"]["a"]}


def test_a_field_without_the_mark_stays_in_the_form_with_its_default() -> None:
    class Unmarked(Frozen):
        retries: int = 0

    assert canonical_json(Unmarked()) == '{"retries":0}'
    assert sha256_of(Unmarked()) == hashlib.sha256(b'{"retries":0}').hexdigest()
