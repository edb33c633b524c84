"""`cutover local env`: print the environment variables that point a shell at the local cloud."""

import json
import shlex

from cutover.cli.context import Context
from cutover.cli.local.cloud import running_cloud, state_dir, variables


def run(context: Context) -> int:
    """Print `export` lines for a POSIX shell, or with --json an object."""
    values = variables(state_dir(), running_cloud())
    if context.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            print(f"export {name}={shlex.quote(value)}")
    return 0
