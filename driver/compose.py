"""Put the adapters of one environment together; the only place that knows which adapter serves which port."""

import threading
from typing import Literal

from driver.adapters.session import Session
from driver.config import EnvironmentConfig
from driver.errors import PreflightFailed
from driver.ports import Ledger, Reporter, Traffic
from driver.world import World


def compose(config: EnvironmentConfig, reporter: Reporter, when_paused: Literal["wait", "leave"] = "wait") -> World:
    """The world of an environment, in the account that its configuration names.

    Raises:
        PreflightFailed: no credentials, another account's, or no Pulumi engine.
    """
    from driver.adapters.alarms import CloudWatchAlarms
    from driver.adapters.alb import AlbTraffic
    from driver.adapters.clock import SystemClock
    from driver.adapters.configuration import AwsConfiguration
    from driver.adapters.dynamodb import DynamoLedger
    from driver.adapters.ecr import EcrImages
    from driver.adapters.ecs import EcsCompute
    from driver.adapters.heartbeat import keeper
    from driver.adapters.hooks import UserHooks
    from driver.adapters.identifiers import RandomIdentifiers
    from driver.adapters.interruption import interruption_by_signals
    from driver.adapters.metrics import MetricSources
    from driver.adapters.notifier import Notifications
    from driver.adapters.probe import probe_for
    from driver.adapters.pulumi_stacks import PulumiStacks

    session, interruption = Session(config.provider), interruption_by_signals(threading.Event())
    require_account(session)
    clock = SystemClock(interruption)
    ledger = DynamoLedger(session, config.records, config.application, config.environment, clock)
    return World(
        config=config,
        stacks=PulumiStacks(config, session, interruption),
        traffic=AlbTraffic(session, config.load_balancer.stickiness),
        compute=EcsCompute(session),
        probe_for=probe_for(config.provider),
        ledger=ledger,
        images=EcrImages(session),
        configuration=AwsConfiguration(session),
        clock=clock,
        identifiers=RandomIdentifiers(clock),
        reporter=reporter,
        metrics=MetricSources(session),
        alarms=CloudWatchAlarms(session),
        hooks=UserHooks(session),
        notifier=Notifications(session, config.notifications),
        when_paused=when_paused,
        keep=keeper(ledger, config.records.lease),
    )


def open_traffic(config: EnvironmentConfig) -> Traffic:
    """The load balancer alone, for a watcher that counts healthy targets."""
    from driver.adapters.alb import AlbTraffic

    return AlbTraffic(Session(config.provider))


def open_ledger(config: EnvironmentConfig) -> Ledger:
    """The records alone, for verbs that only read them."""
    from driver.adapters.clock import SystemClock
    from driver.adapters.dynamodb import DynamoLedger

    session = Session(config.provider)
    return DynamoLedger(session, config.records, config.application, config.environment, SystemClock())


def require_account(session: Session) -> str:
    """The caller's account; raises `PreflightFailed` when it is not the one that the configuration names."""
    found, wanted = session.caller_account(), session.provider.account_id
    if found != wanted:
        message = f"these credentials are of account {found}; the configuration names {wanted}"
        raise PreflightFailed("WRONG_ACCOUNT", message, "aws sts get-caller-identity")
    return found
