"""What the engine needs of the world, as Protocols; adapters supply them, tests fake them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from driver.config.hooks import HookConfig
from driver.model import (
    Allocation,
    Execution,
    JournalEvent,
    Manifest,
    Measurement,
    Release,
    ReleaseRef,
    Request,
    Stand,
    Verdict,
    Wish,
)

Points = tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class EnvironmentOutputs:
    """What the environment stack exports."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    load_balancer_arn: str
    load_balancer_name: str
    load_balancer_dns_name: str
    load_balancer_security_group_id: str
    listener_arn: str
    listener_port: int
    listener_protocol: str


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that a preview would touch; `op` is Pulumi's word (create, update, replace, delete, same)."""

    op: str
    urn: str
    type: str
    name: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StackDiff:
    """What a preview of one stack found."""

    stack: str
    exists: bool
    changes: tuple[ResourceChange, ...]


class Stacks(Protocol):
    """Pulumi stacks: the environment, and releases that are created once and then only destroyed.

    Every method raises `StepFailed` with the resource and AWS's reason when Pulumi fails, `TransientFailure` when the
    same call may succeed later, and `Interrupted` when the process was told to stop.
    """

    def environment(self) -> EnvironmentOutputs:
        """Outputs of the environment stack; raises `PreflightFailed` when it was never created."""
        ...

    def create_release(self, manifest: Manifest, desired_count: int) -> Stand:
        """Create the release's stack with so many tasks, or finish a creation that was cut off.

        A finished one is never changed.
        """
        ...

    def release_exists(self, release: ReleaseRef) -> bool:
        """Whether the release's stack exists and its creation was finished."""
        ...

    def stand(self, release: ReleaseRef) -> Stand:
        """The outputs of an existing release stack."""
        ...

    def destroy_release(self, manifest: Manifest) -> None:
        """Destroy the stack and remove it; nothing to do when it is gone."""
        ...

    def apply_allocation(self, allocation: Allocation) -> None:
        """`up` of the environment stack, targeted at the listener, so that its weights are those of `allocation`."""
        ...

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        """What an `up` of the environment stack would change; writes nothing."""
        ...

    def preview_release(self, manifest: Manifest) -> StackDiff:
        """What an `up` of the release's stack would change; writes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One target as DescribeTargetHealth shows it; `state` is healthy, initial, unhealthy, draining, unused…"""

    target: str
    state: str
    reason: str


class Traffic(Protocol):
    """The load balancer, called directly."""

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        """Target group ARN → weight of the listener's default action; empty for a fixed response."""
        ...

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        """One ModifyListener call."""
        ...

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        """Health of every target; raises `StepFailed` if the target group is gone."""
        ...


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A task that ended, with ECS's reason."""

    task_arn: str
    stopped_reason: str
    exit_code: int | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as ECS shows it now; counts are tasks."""

    status: str
    desired: int
    running: int
    pending: int
    running_on_task_definition: int
    rollout_state: str
    rollout_reason: str
    failed_tasks: int
    stopped: tuple[StoppedTask, ...]
    events: tuple[str, ...]


class Compute(Protocol):
    """ECS: look at a service, and change its desired count."""

    def service(self, stand: Stand) -> ServiceState | None:
        """The service, or None where ECS does not know it."""
        ...

    def scale(self, stand: Stand, desired_count: int) -> None:
        """Set the desired count; the only thing of a release that ever changes."""
        ...


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One HTTP request's outcome; `latency_seconds` to the last byte; `error` set when there was no answer."""

    status: int | None
    body: str
    latency_seconds: float
    error: str


class Probe(Protocol):
    """HTTP requests to a release by its test-traffic rule."""

    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        """GET `path` at the load balancer with the header that only this release's rule matches."""
        ...


HookStatus = Literal["Succeeded", "Failed"]


@dataclass(frozen=True, slots=True)
class HookResult:
    """How a hook ended; `status` is None where it answers later, by the callback id that its event names."""

    status: HookStatus | None
    message: str


class HookRun(Protocol):
    """One try of a hook, under way."""

    def poll(self) -> HookResult | None:
        """How it ended; None while it runs; raises `TransientFailure` when it could not be made."""
        ...

    def stop(self) -> None:
        """End it, if it still runs and can be ended."""
        ...


class Hooks(Protocol):
    """What of the user's runs at a point of the deployment."""

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> HookRun:
        """Begin one try; returns at once."""
        ...


@dataclass(frozen=True, slots=True)
class CloudWatchQuery:
    """One statistic of one metric; `dimensions` are name and value."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_seconds: int


@dataclass(frozen=True, slots=True)
class PrometheusQuery:
    """A PromQL query that gives one number."""

    address: str
    query: str


MetricQuery = CloudWatchQuery | PrometheusQuery


class Metrics(Protocol):
    """Where measurements come from."""

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """For each query its points from `start` to before `end`, oldest first; raises `TransientFailure`."""
        ...


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm as CloudWatch shows it: OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str
    reason: str


class Alarms(Protocol):
    """CloudWatch's alarms, metric and composite."""

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """The alarms that exist of those named."""
        ...


class Notifier(Protocol):
    """Whoever is told of a deployment; never raises: a deployment does not fail for a message that was not sent."""

    def tell(self, execution: Execution, event: JournalEvent) -> None:
        """Tell the receivers that asked for this occasion."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deploy one application to one environment; `fence` grows with every holder."""

    application: str
    environment: str
    holder: str
    execution_id: str
    fence: int
    expires_at: datetime


class Ledger(Protocol):
    """The durable records. Every write carries the lease and raises `LeaseLost` if its fence is not the newest."""

    def acquire(self, holder: str, execution_id: str, *, take_over: bool) -> Lease:
        """Take the lease if it is free or expired (or held for the same execution and `take_over`); else `Refused`."""
        ...

    def renew(self, lease: Lease) -> Lease:
        """Prolong the lease; raises `LeaseLost`."""
        ...

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back; nothing happens if it is no longer ours."""
        ...

    def current_lease(self) -> Lease | None:
        """Who holds the lease now (expired or not), if anybody."""
        ...

    def write(self, lease: Lease, execution: Execution, event: JournalEvent) -> None:
        """Head and journal event in one transaction, on the condition of the fence."""
        ...

    def execution(self, execution_id: str) -> Execution | None:
        """One execution's head."""
        ...

    def latest_execution(self) -> Execution | None:
        """The newest execution of this application and environment."""
        ...

    def executions(self, limit: int) -> tuple[Execution, ...]:
        """Newest first."""
        ...

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """All events in order."""
        ...

    def ask(self, execution_id: str, wish: Wish, by: str, reason: str) -> Request:
        """Record a wish for the step at work; the same wish for the same step is recorded once.

        Raises `Refused` when the execution is finished.
        """
        ...

    def requests(self, execution_id: str, after: int) -> tuple[Request, ...]:
        """The requests numbered above `after`, in order."""
        ...

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        """Record what a gate measured."""
        ...

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        """All measurements of an execution, in order."""
        ...

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        """Record how a hook ended that answers later; raises `Refused` when it has answered otherwise."""
        ...

    def hook_answer(self, callback_id: str) -> HookResult | None:
        """The recorded answer, if there is one."""
        ...

    def allocation(self) -> Allocation | None:
        """The recorded weights; None when none was ever written; an error when they cannot be read."""
        ...

    def put_allocation(self, lease: Lease, allocation: Allocation) -> None:
        """Record the weights before they are made true."""
        ...

    def release(self, release: str) -> Release | None:
        """One release by name."""
        ...

    def releases(self) -> tuple[Release, ...]:
        """All releases of this application and environment, newest first."""
        ...

    def put_release(self, lease: Lease, release: Release) -> None:
        """Record a release (DynamoDB) and its manifest by digest (S3)."""
        ...


class Images(Protocol):
    """The container registry."""

    def resolve(self, image: str) -> str:
        """`repository@sha256:…` of a tag or a digest that exists; raises `InvalidInput` when it does not."""
        ...


class Configuration(Protocol):
    """Secrets Manager and the Parameter Store: names become ARNs pinned to a version, values are never read."""

    def pin(self, reference: str) -> str:
        """The ARN with its version; raises `InvalidInput` when it does not exist."""
        ...


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Interrupted` when the process was told to stop."""
        ...


class Identifiers(Protocol):
    """Names that nobody else has."""

    def execution_id(self) -> str:
        """A new id that sorts by time."""
        ...

    def holder(self) -> str:
        """Who this driver is: host, process and a random part."""
        ...

    def person(self) -> str:
        """Who asks: the user and host, or what the pipeline says of itself."""
        ...


class Reporter(Protocol):
    """Whoever watches an execution: the live tree, JSON Lines, or nobody."""

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """The head changed, with the event that said so."""
        ...

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """A gate looked; also called when nothing was recorded."""
        ...
