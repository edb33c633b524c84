"""`cutover local env`: print the variables with which a shell uses the local cloud."""

import json
import shlex

from cutover.cli.context import Context
from cutover.cli.local.cloud import running_cloud, state_dir, variables


def run(context: Context) -> int:
    """Print the variables as exports for a POSIX shell, or with --json as an object."""
    values = variables(state_dir(), running_cloud())
    if context.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            print(f"export {name}={shlex.quote(value)}")
    return 0
