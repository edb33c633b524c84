"""`cutover bootstrap`: create or update the platform stack of the account and region, and the environment stack."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.composition import open_ledger, open_stacks


def run(context: Context) -> int:
    """Create or update both stacks. The listener keeps the recorded weights."""
    config = context.config()
    stacks = open_stacks(config)
    _say(context, f"updating the platform stack of {config.provider.region}: tables, bucket, repositories …")
    stacks.create_platform()
    # The tables exist only now. The listener gets the weights that they hold.
    allocation = open_ledger(config).allocation()
    _say(context, f"updating the environment stack {config.environment}: load balancer, listener …")
    stacks.create_environment(allocation)
    environment = stacks.environment()
    if context.json:
        print(json.dumps(asdict(environment)))
    else:
        print(
            f"✔ the load balancer of {config.application} in {config.environment}: {environment.load_balancer_dns_name}"
        )
        print(next_line(config.environment, "deploy"))
    return 0


def _say(context: Context, sentence: str) -> None:
    if not context.json:
        print(sentence, flush=True)
