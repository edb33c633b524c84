"""`cutover destroy --confirm APPLICATION-ENVIRONMENT [--platform] [--keep records|images|logs]`: take everything away.

It destroys the releases, then the environment, then the platform. Each part is done again from where it stopped when
the command is repeated.
"""

import json
from collections.abc import Iterable
from typing import cast

from cutover.cli.common import exit_code, finish, open_ports, ports_to_read
from cutover.cli.context import Context
from cutover.cli.formatting import command
from cutover.composition import open_logs
from cutover.config import EnvironmentConfig
from cutover.domain import Execution, Release
from cutover.domain.errors import Exit, InvalidInput, PreflightFailed, Refused
from cutover.operations import delete_logs, destroy_environment, destroy_releases, refuse_shared_platform
from cutover.ports import Kept, Ports


def run(context: Context, confirm: str, *, platform: bool, keep: tuple[str, ...]) -> int:
    """Print what goes and what is kept, or destroy it when `confirm` names the application and the environment.

    Raises:
        InvalidInput: `confirm` is another name.
        Refused: an execution is unfinished, or `--platform` would take away the records of other releases.
    """
    config = context.config()
    name, kept = f"{config.application}-{config.environment}", cast("tuple[Kept, ...]", keep)
    if not confirm:
        _show(context, ports_to_read(context), platform=platform, kept=kept)
        return Exit.OK
    if confirm != name:
        message = f"--confirm {confirm} is not the application and environment of this file, {name}"
        raise InvalidInput("NOT_CONFIRMED", message, _command(config, platform=platform, kept=kept))
    return _destroy(context, platform=platform, kept=kept)


def _destroy(context: Context, *, platform: bool, kept: tuple[Kept, ...]) -> int:
    with open_ports(context) as ports:
        if not _records_are_gone(ports):
            if platform:
                refuse_shared_platform(ports)
            execution = destroy_releases(ports)
            if execution is not None and (code := exit_code(execution)) is not Exit.OK:
                return finish(context, execution) or code
            if execution is not None:
                _require_not_stopped(ports, execution)
            _say(context, f"destroying the environment stack {ports.config.environment}: load balancer, listener …")
            destroy_environment(ports)
            if "logs" not in kept:
                delete_logs(ports.ledger, open_logs(ports.config))
        if platform:
            _say(context, f"destroying the platform stack of {ports.config.provider.region} …")
            ports.stacks.destroy_platform(frozenset(kept))
        stays = _kept(ports.config, kept, platform=platform)
    if context.json:
        print(json.dumps({"event": "destroyed", "kept": stays}))
    else:
        print(f"✔ {ports.config.application} is taken away from {ports.config.environment}")
        _print_kept(stays)
    return Exit.OK


def _records_are_gone(ports: Ports) -> bool:
    """Whether an earlier run has destroyed the tables already; it does so after everything else."""
    try:
        ports.ledger.lease()
    except PreflightFailed as failed:
        if failed.code != "RECORDS_MISSING":
            raise
        return True
    return False


def _show(context: Context, ports: Ports, *, platform: bool, kept: tuple[Kept, ...]) -> None:
    config, releases = ports.config, ports.ledger.standing()
    goes, stays = _goes(config, releases, platform=platform, kept=kept), _kept(config, kept, platform=platform)
    if context.json:
        print(json.dumps({"goes": goes, "kept": stays}))
        return
    print("`cutover destroy` would destroy:")
    for line in goes:
        print(f"  {line}")
    _print_kept(stays)
    print(f"  next: {_command(config, platform=platform, kept=kept)}")


def _goes(
    config: EnvironmentConfig, releases: Iterable[Release], *, platform: bool, kept: tuple[Kept, ...]
) -> list[str]:
    lines = [f"the release {release.ref.release}" for release in releases]
    lines.append(f"the environment stack {config.environment}: load balancer, listener, security group")
    records = config.records
    if "logs" not in kept:
        lines.append("the log groups of the releases, also of those that are retired")
    if platform and "records" not in kept:
        lines.append(f"the tables {records.deployments_table} and {records.executions_table}, with all records")
        lines.append(f"the bucket {records.artifact_bucket}, with all manifests and reports")
    if platform and "images" not in kept:
        lines += [f"the repository {repository}, with all images" for repository in records.repositories]
    return lines


def _kept(config: EnvironmentConfig, kept: tuple[Kept, ...], *, platform: bool) -> list[str]:
    records, lines = config.records, []
    if not platform or "records" in kept:
        lines.append(f"the tables {records.deployments_table} and {records.executions_table}")
        lines.append(f"the bucket {records.artifact_bucket}")
    if not platform or "images" in kept:
        lines += [f"the repository {repository}" for repository in records.repositories]
    if "logs" in kept:
        lines.append("the log groups of the releases; CloudWatch deletes their events after their retention")
    return lines


def _print_kept(lines: list[str]) -> None:
    if lines:
        print("kept:")
    for line in lines:
        print(f"  {line}")


def _command(config: EnvironmentConfig, *, platform: bool, kept: tuple[Kept, ...]) -> str:
    options = (" --platform" if platform else "") + "".join(f" --keep {each}" for each in kept)
    return command(config.environment, f"destroy{options} --confirm {config.application}-{config.environment}")


def _require_not_stopped(ports: Ports, execution: Execution) -> None:
    """Raise `Refused` if a person aborted the destroy of the releases."""
    if abort := ports.ledger.control(execution.execution_id).abort:
        message = f"{abort.by} stopped the destroy{f' ({abort.reason})' if abort.reason else ''}; the rest is kept"
        raise Refused("STOPPED", message, "cutover releases")


def _say(context: Context, sentence: str) -> None:
    if not context.json:
        print(sentence, flush=True)
