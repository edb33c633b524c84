"""Connect the ports of one environment to their adapters; no other module knows which adapter serves which port.

Adapters are imported inside the functions: a verb loads only what it uses.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cutover.config import EnvironmentConfig
from cutover.config.schema import Provider
from cutover.domain.errors import PreflightFailed
from cutover.ports import Clock, Compute, Ledger, Logs, Ports, Reporter, Stacks, Traffic, Urgent

if TYPE_CHECKING:
    from cutover.adapters.dynamodb import DynamoLedger


@contextmanager
def acting_ports(
    config: EnvironmentConfig, reporter: Reporter, when_paused: Literal["wait", "leave"] = "wait"
) -> Iterator[Ports]:
    """All ports, for a verb that carries out an execution. The first SIGTERM or SIGINT stops it gracefully.

    The reporter and the notifications run beside the driver. The end of the context waits a short time for their last
    messages.

    Raises:
        PreflightFailed: there are no credentials, they are of another account, or there is no Pulumi engine.
    """
    from cutover.adapters.background import beside
    from cutover.adapters.interruption import interruption_by_signals
    from cutover.adapters.notifier.registry import Notifications
    from cutover.adapters.session import Session

    ports = _ports(config, reporter, when_paused, interruption_by_signals(threading.Event()))
    with beside(reporter, Notifications(Session(config.provider), config.notifications)) as (reporting, notifying):
        yield replace(ports, reporter=reporting, notifier=notifying)


def reading_ports(config: EnvironmentConfig) -> Ports:
    """All ports, for a verb that carries out no execution. A signal ends it like any program.

    Raises:
        PreflightFailed: there are no credentials, they are of another account, or there is no Pulumi engine.
    """
    from cutover.adapters.silence import SilentReporter

    return _ports(config, SilentReporter(), "wait", threading.Event())


def open_stacks(config: EnvironmentConfig) -> Stacks:
    """Only the stacks, for `bootstrap`. The first SIGTERM or SIGINT stops it gracefully.

    Raises:
        PreflightFailed: there are no credentials, they are of another account, or there is no Pulumi engine.
    """
    from cutover.adapters.interruption import interruption_by_signals
    from cutover.adapters.session import Session
    from cutover.adapters.stacks import PulumiStacks

    require_account(config.provider)
    interruption = interruption_by_signals(threading.Event())
    session, lease_lost = Session(config.provider), threading.Event()
    return PulumiStacks(config, session, interruption, lease_lost, _dynamo_ledger(config))


def open_ledger(config: EnvironmentConfig) -> Ledger:
    """Only the records, for verbs that need nothing else."""
    return _dynamo_ledger(config)


def _dynamo_ledger(config: EnvironmentConfig) -> "DynamoLedger":
    from cutover.adapters.dynamodb import DynamoLedger
    from cutover.adapters.session import Session

    session = Session(config.records_provider)
    return DynamoLedger(session, config.records, config.application, config.environment, open_clock())


def open_traffic(config: EnvironmentConfig) -> Traffic:
    """Only the load balancer, for `status`, which counts healthy targets."""
    from cutover.adapters.alb import AlbTraffic
    from cutover.adapters.session import Session

    return AlbTraffic(Session(config.provider))


def open_logs(config: EnvironmentConfig) -> Logs:
    """Only CloudWatch Logs, for `logs` and `gc`."""
    from cutover.adapters.logs import CloudWatchLogs
    from cutover.adapters.session import Session

    return CloudWatchLogs(Session(config.provider))


def open_compute(config: EnvironmentConfig) -> Compute:
    """Only ECS, for verbs that show how many tasks a release has."""
    from cutover.adapters.ecs import EcsCompute
    from cutover.adapters.session import Session

    return EcsCompute(Session(config.provider))


def engine_environment(config: EnvironmentConfig, shell: Mapping[str, str]) -> dict[str, str]:
    """The environment variables with which `pulumi` sees the same state as cutover in a shell with these variables."""
    from cutover.adapters.stacks.variables import engine_variables
    from cutover.config.state import state_store

    return engine_variables(config, state_store(config, shell))


def check_state(config: EnvironmentConfig) -> str:
    """Where Pulumi's state is, and what encrypts its secrets.

    Raises:
        InvalidInput: the shell and the configuration name different backends.
        PreflightFailed: the bucket or folder does not exist, or is denied.
    """
    import os

    from cutover.adapters.session import Session
    from cutover.adapters.stacks.store import StateBucket
    from cutover.config.state import state_store

    store = state_store(config, os.environ)
    StateBucket(Session(config.provider), store).check()
    return f"{store.name}; secrets are encrypted by {store.secrets_provider.partition('?')[0]}"


def find_engine() -> Path | None:
    """Path of the program `pulumi`; None if it is neither on PATH nor where `make setup` installs it."""
    from cutover.adapters import engine

    return engine.find_engine()


def engine_install_command() -> str:
    """The command that installs the Pulumi engine."""
    from cutover.adapters import engine

    return engine.install_command()


def open_clock() -> Clock:
    """The system clock."""
    from cutover.adapters.clock import SystemClock

    return SystemClock()


def end_process_soon(code: int) -> None:
    """End this process with `code` in ten seconds, if a thread that never ends keeps it alive."""
    from cutover.adapters import interruption

    interruption.end_process_soon(code)


def endpoint_process(endpoint: str) -> int:
    """The process id of the local cloud at `endpoint`; raises `CutoverError` when it does not answer."""
    from cutover.adapters.endpoint import endpoint_status

    return endpoint_status(endpoint).pid


def load_balancer_url(endpoint: str, load_balancer: str) -> str:
    """The URL at which an endpoint other than AWS's serves a load balancer, without a slash at its end."""
    from cutover.adapters.probe import load_balancer_url as url_at

    return url_at(endpoint, load_balancer)


def require_account(provider: Provider) -> str:
    """The account of the credentials; raises `PreflightFailed` when it is not the configured one."""
    from cutover.adapters.session import Session

    account = Session(provider).caller_account()
    if account != provider.account_id:
        message = f"the credentials are of account {account}, but the configuration names account {provider.account_id}"
        raise PreflightFailed("WRONG_ACCOUNT", message, "aws sts get-caller-identity")
    return account


def _ports(
    config: EnvironmentConfig, reporter: Reporter, when_paused: Literal["wait", "leave"], interruption: threading.Event
) -> Ports:
    from cutover.adapters.alarms import CloudWatchAlarms
    from cutover.adapters.alb import AlbTraffic
    from cutover.adapters.clock import SystemClock
    from cutover.adapters.configuration import AwsConfiguration
    from cutover.adapters.dynamodb import DynamoLedger
    from cutover.adapters.ecr import EcrImages
    from cutover.adapters.ecs import EcsCompute
    from cutover.adapters.hooks.registry import UserHooks
    from cutover.adapters.identifiers import RandomIdentifiers
    from cutover.adapters.lease_renewal import lease_renewal
    from cutover.adapters.metrics.registry import MetricSources
    from cutover.adapters.notifier.registry import Notifications
    from cutover.adapters.probe import probe_for
    from cutover.adapters.session import Session
    from cutover.adapters.stacks import PulumiStacks

    require_account(config.provider)
    session, clock, lease_lost = Session(config.provider), SystemClock(interruption), threading.Event()
    urgent = Session(config.provider, urgent=True)
    names = (config.application, config.environment)
    # Where the records are in the environment's account, both use the same clients.
    shared = config.records.account is None
    for_records = session if shared else Session(config.records_provider)
    urgent_for_records = urgent if shared else Session(config.records_provider, urgent=True)
    urgent_ledger = DynamoLedger(urgent_for_records, config.records, *names, clock)
    ledger = DynamoLedger(for_records, config.records, *names, clock)
    return Ports(
        config=config,
        stacks=PulumiStacks(config, session, interruption, lease_lost, ledger),
        traffic=AlbTraffic(session, config.load_balancer.stickiness),
        compute=EcsCompute(session, urgent),
        probe_for=probe_for(config.provider),
        ledger=ledger,
        images=EcrImages(session),
        configuration=AwsConfiguration(session),
        clock=clock,
        identifiers=RandomIdentifiers(),
        reporter=reporter,
        metrics=MetricSources(session),
        alarms=CloudWatchAlarms(session),
        hooks=UserHooks(session),
        notifier=Notifications(session, config.notifications),
        when_paused=when_paused,
        hold_lease=lease_renewal(urgent_ledger, config.records.lease, clock, lease_lost),
        lease_seconds=config.records.lease,
        credentials_end=session.credentials_end,
        urgent=Urgent(ledger=urgent_ledger, traffic=AlbTraffic(urgent, config.load_balancer.stickiness)),
    )
