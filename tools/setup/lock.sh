#!/usr/bin/env bash
# Writes both locks from pyproject.toml: requirements.lock is what a pipeline needs to run `cutover` against AWS,
# requirements-dev.lock adds the local cloud, the tests and the checks.
#
# Pins already in a lock are kept; `tools/setup/lock.sh --upgrade` takes the newest that pyproject.toml allows. The
# locks carry hashes and markers for every platform, and no index address: they install from any index or mirror,
# because the hash, not the host, says what a package is.
set -euo pipefail
cd "$(dirname "$0")/../.."

compile=(.venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes
    --no-header --no-emit-index-url --no-emit-find-links --annotation-style line "$@")

"${compile[@]}" --output-file requirements.lock
# The second is constrained by the first, so that tests run what pipelines run.
"${compile[@]}" --extra dev --constraint requirements.lock --output-file requirements-dev.lock
