"""The bucket and the key of Pulumi's state: settings, owner, and two processes that create them at the same time."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cutover.adapters.session import Session
from cutover.adapters.stacks.store import StateBucket
from cutover.config.state import KEY_ALIAS, StateStore, state_store
from cutover.domain.errors import PreflightFailed, Refused
from support.fakes import config_for

OTHER_ACCOUNT = "999999999999"


@pytest.fixture(scope="module")
def store(session: Session) -> StateStore:
    config = config_for("v1", provider=session.provider.model_dump())
    return state_store(config, {})


@pytest.fixture(scope="module")
def created(session: Session, store: StateStore) -> str:
    """The bucket, created by three processes at the same time."""
    start = threading.Barrier(3)

    def create() -> None:
        start.wait()
        StateBucket(Session(session.provider), store).create()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(create) for _ in range(3)]:
            done.result()
    assert store.bucket is not None
    return store.bucket


def test_before_bootstrap_the_missing_bucket_is_reported_with_the_next_command(
    session: Session, store: StateStore
) -> None:
    missing = StateStore(store.url, store.secrets_provider, "cutover-state-none", store.bucket_owner, managed=True)
    with pytest.raises(PreflightFailed) as refused:
        StateBucket(session, missing).check()
    assert (refused.value.code, refused.value.hint) == ("STATE_MISSING", "cutover bootstrap")


def test_three_processes_create_one_bucket_and_one_key_in_use(session: Session, created: str) -> None:
    names = [bucket["Name"] for bucket in session.s3.list_buckets()["Buckets"]]
    assert names.count(created) == 1
    keys = [session.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in session.kms.list_keys()["Keys"]]
    in_use = session.kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["KeyId"]
    assert [key["KeyId"] for key in keys if key["KeyState"] == "Enabled"] == [in_use]
    assert session.kms.get_key_rotation_status(KeyId=in_use)["KeyRotationEnabled"]


def test_the_bucket_is_versioned_encrypted_and_private(session: Session, created: str) -> None:
    s3 = session.s3
    assert s3.get_bucket_versioning(Bucket=created)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=created)["ServerSideEncryptionConfiguration"]["Rules"]
    block: Any = s3.get_public_access_block(Bucket=created)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert len(block) == 4
    policy = json.loads(s3.get_bucket_policy(Bucket=created)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=created)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90


def test_a_repeat_changes_nothing(session: Session, store: StateStore, created: str) -> None:
    before = session.kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["KeyId"]
    StateBucket(session, store).create()
    assert session.kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["KeyId"] == before


def test_the_bucket_of_another_owner_is_denied_at_every_run(session: Session, store: StateStore, created: str) -> None:
    foreign = StateStore(store.url, store.secrets_provider, created, OTHER_ACCOUNT, managed=False)
    with pytest.raises(PreflightFailed, match=f"does not belong to account {OTHER_ACCOUNT}") as refused:
        StateBucket(session, foreign).check()
    assert refused.value.code == "STATE_DENIED"


def test_a_name_that_another_account_has_taken_is_refused(session: Session, store: StateStore) -> None:
    from moto.s3.models import s3_backends

    s3_backends[OTHER_ACCOUNT]["aws"].create_bucket("cutover-state-taken", "eu-west-1")
    taken = StateStore(store.url, store.secrets_provider, "cutover-state-taken", store.bucket_owner, managed=True)
    with pytest.raises(Refused) as refused:
        StateBucket(session, taken).create()
    assert refused.value.code == "FOREIGN_BUCKET"
    assert "cutover-state-taken" not in [bucket["Name"] for bucket in session.s3.list_buckets()["Buckets"]]


def test_a_bucket_that_another_process_changes_now_is_tried_again(session: Session, store: StateStore) -> None:
    answers = ["OperationAborted", "OperationAborted"]
    quiet = Session(session.provider)

    def abort(**_: object) -> None:
        from botocore.exceptions import ClientError

        if answers:
            raise ClientError({"Error": {"Code": answers.pop(), "Message": "conflict"}}, "CreateBucket")

    quiet.s3.meta.events.register("before-call.s3.CreateBucket", abort)
    pauses: list[float] = []
    StateBucket(quiet, store, pauses.append).create()
    assert len(pauses) == 2
