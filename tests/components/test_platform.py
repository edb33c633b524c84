"""The platform stack: the records are protected and can be restored."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cutover.config import EnvironmentConfig
from cutover.programs.platform import platform_program


@pytest.fixture
def resources(run: Callable[..., Any], config: EnvironmentConfig) -> Any:
    protected = config.records.model_copy(update={"deletion_protection": True})
    return run(partial(platform_program, config.model_copy(update={"records": protected})))


def test_the_tables_have_point_in_time_recovery_and_deletion_protection(resources: Any) -> None:
    for table in resources.of("aws:dynamodb/table:Table"):
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert table.inputs["deletionProtectionEnabled"] is True


def test_the_records_tables_have_the_keys_that_the_ledger_writes(resources: Any) -> None:
    keys = {
        t.inputs["name"]: (t.inputs["hashKey"], t.inputs["rangeKey"]) for t in resources.of("aws:dynamodb/table:Table")
    }
    assert keys == {"immutable-deployments": ("pk", "sk"), "deployment-executions": ("pk", "sk")}


def test_the_bucket_is_private_versioned_and_encrypted(resources: Any) -> None:
    block = resources.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert [value for name, value in block.items() if name != "bucket"] == [True] * 4
    assert resources.one("aws:s3/bucketVersioning:BucketVersioning")["versioningConfiguration"]["status"] == "Enabled"
    assert resources.of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")


def test_the_bucket_denies_requests_without_tls(resources: Any) -> None:
    assert '"aws:SecureTransport": "false"' in resources.one("aws:s3/bucketPolicy:BucketPolicy")["policy"]
