"""Where the contract tests keep their records."""

from cutover.config.schema import Records

RECORDS = Records(artifact_bucket="contract-artifacts", lease="60s")
