"""`cutover bootstrap [--platform]`: create or update the state store, the platform stack, and the environment stack."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.composition import open_ledger, open_stacks
from cutover.config import project_file


def run(context: Context) -> int:
    """Create or update all of them. The listener keeps the recorded weights."""
    from cutover.operations.bootstrap import bootstrap

    config = context.config()
    stacks = open_stacks(config)
    environment = bootstrap(config, stacks, open_ledger(config), _say(context))
    if added := add_settings(project_file(context.project, config.environment), stacks.settings()):
        _say(context)(f"added {' and '.join(added)} to Pulumi.{config.environment}.yaml, for a plain `pulumi up`")
    if context.json:
        print(environment.model_dump_json())
    else:
        print(
            f"✔ the load balancer of {config.application} in {config.environment}: {environment.load_balancer_dns_name}"
        )
        print(next_line(config.environment, "deploy"))
    return 0


def run_platform(context: Context) -> int:
    """Create or update only what environments share, for an account that has the records or images of others."""
    from cutover.operations.bootstrap import bootstrap_platform

    config = context.config()
    bootstrap_platform(config, open_stacks(config), _say(context))
    records = config.records
    tables = (records.deployments_table, records.executions_table, records.artifact_bucket)
    if context.json:
        print(json.dumps({"account": config.provider.account_id, "tables": tables[:2], "bucket": tables[2]}))
    else:
        print(f"✔ account {config.provider.account_id} has {', '.join(tables[:2])} and the bucket {tables[2]}")
    return 0


def _say(context: Context) -> Callable[[str], None]:
    """Print a sentence at once, unless the output is JSON."""

    def say(sentence: str) -> None:
        if not context.json:
            print(sentence, flush=True)

    return say


def add_settings(file: Path, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Append the keys to the stack's file, as `pulumi stack init` does; nothing if the file names a key already."""
    text = file.read_text(encoding="utf-8")
    if not settings or any(line.startswith(("encryptedkey:", "encryptionsalt:")) for line in text.splitlines()):
        return ()
    lines = [f"{key}: {value}\n" for key, value in settings.items() if f"\n{key}:" not in f"\n{text}"]
    file.write_text(text.rstrip("\n") + "\n" + "".join(lines), encoding="utf-8")
    return tuple(settings)
