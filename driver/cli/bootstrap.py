"""`cutover bootstrap`: the platform stack of the account and region, and the environment stack on it."""

import json
import threading
from dataclasses import asdict

from driver.adapters.interruption import interruption_by_signals
from driver.adapters.pulumi_stacks import PulumiStacks
from driver.adapters.session import Session
from driver.cli.context import Context
from driver.compose import open_ledger, require_account
from driver.model import Allocation


def run(context: Context) -> int:
    """Creates or updates both; the traffic stays as it is recorded."""
    config = context.config()
    session = Session(config.provider)
    require_account(session)
    stacks = PulumiStacks(config, session, interruption_by_signals(threading.Event()))
    _say(context, f"platform stack of {config.provider.region}: tables, bucket, registry …")
    stacks.create_platform()
    # Only now can the records be read; what they say is what the listener gets.
    allocation = open_ledger(config).allocation() or Allocation()
    _say(context, f"environment stack {config.environment}: load balancer, listener …")
    stacks.create_environment(allocation)
    outputs = stacks.environment()
    if context.json:
        print(json.dumps(asdict(outputs)))
    else:
        print(f"✔ {config.application} in {config.environment} answers at {outputs.load_balancer_dns_name}")
        print(f"  next: cutover -e {config.environment} deploy")
    return 0


def _say(context: Context, sentence: str) -> None:
    if not context.json:
        print(sentence, flush=True)
