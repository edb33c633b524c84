"""`cutover state env`: print the environment variables with which `pulumi` sees the same state as cutover."""

import json
import shlex

from cutover.cli.context import Context
from cutover.composition import engine_environment


def run(context: Context) -> int:
    """Print `export` lines for a POSIX shell, or with --json an object. Makes no call."""
    values = engine_environment(context.config(), {})
    if context.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            print(f"export {name}={shlex.quote(value)}")
    return 0
