#!/usr/bin/env bash
# Writes both lock files from pyproject.toml: requirements.lock is what a pipeline needs to run `cutover` against AWS;
# requirements-dev.lock adds the local cloud, the tests and the checks.
#
# The script keeps the versions in the locks; `tools/setup/lock.sh --upgrade` takes the newest that pyproject.toml allows.
# The locks have hashes and markers for every platform and no URL of an index, so any index or mirror can serve them.
set -euo pipefail
cd "$(dirname "$0")/../.."

compile=(.venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes
    --no-header --no-emit-index-url --no-emit-find-links --annotation-style line "$@")

"${compile[@]}" --output-file requirements.lock
# The first lock constrains the second, so that the tests run the same versions as a pipeline.
"${compile[@]}" --extra dev --constraint requirements.lock --output-file requirements-dev.lock
