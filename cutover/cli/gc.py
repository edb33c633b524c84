"""`cutover gc [--dry-run]`: destroy the releases that retention does not keep."""

import json

from cutover.cli.common import ports_to_read
from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.operations import collect, surplus


def run(context: Context) -> int:
    """Exit code 0, also where there is nothing to destroy."""
    return run_execution(context, collect, "nothing to destroy: retention keeps what stands")


def dry_run(context: Context) -> int:
    """What would be destroyed; nothing is written."""
    ports = ports_to_read(context)
    gone = surplus(ports)
    if context.json:
        print(json.dumps([release.model_dump(mode="json") for release in gone]))
    elif gone:
        print("would be destroyed, and can be created again from the ledger:")
        for release in gone:
            print(f"  {release.release}")
    else:
        print("nothing to destroy: retention keeps what stands")
    return 0
