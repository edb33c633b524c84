"""`cutover bootstrap`: create or update the platform stack of the account and region, and the environment stack."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.composition import open_ledger, open_stacks


def run(context: Context) -> int:
    """Bring up both stacks; the traffic stays as it is recorded."""
    config = context.config()
    stacks = open_stacks(config)
    _say(context, f"platform stack of {config.provider.region}: tables, bucket, registry …")
    stacks.create_platform()
    # The records exist only now; the listener gets the weights that they have.
    allocation = open_ledger(config).allocation()
    _say(context, f"environment stack {config.environment}: load balancer, listener …")
    stacks.create_environment(allocation)
    environment = stacks.environment()
    if context.json:
        print(json.dumps(asdict(environment)))
    else:
        print(f"✔ {config.application} in {config.environment} answers at {environment.load_balancer_dns_name}")
        print(next_line(config.environment, "deploy"))
    return 0


def _say(context: Context, sentence: str) -> None:
    if not context.json:
        print(sentence, flush=True)
