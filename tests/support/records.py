"""The tables and the bucket of the contract tests."""

from cutover.config.schema import Records

RECORDS = Records(artifact_bucket="contract-artifacts", lease="60s")
