"""`cutover gc [--dry-run]`: destroy the releases that retention does not keep."""

import json

from cutover.cli.common import ports_to_read
from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.operations import collect, surplus_now

_NOTHING = "nothing to destroy: retention keeps every release that exists"


def run(context: Context) -> int:
    """Exit code 0 when the releases are destroyed or there are none to destroy, 6 when an operator is needed."""
    return run_execution(context, collect, _NOTHING)


def dry_run(context: Context) -> int:
    """Print what would be destroyed; writes nothing."""
    surplus = surplus_now(ports_to_read(context))
    if context.json:
        print(json.dumps([release.model_dump(mode="json") for release in surplus]))
    elif surplus:
        print("`cutover gc` would destroy these releases; the ledger keeps their manifests, to create them again:")
        for release in surplus:
            print(f"  {release.release}")
    else:
        print(_NOTHING)
    return 0
