"""A whole world in memory: every port faked over one small simulation, with a clock that only moves when told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from cutover.config import EnvironmentConfig, build_manifest
from cutover.config.hooks import HookConfig
from cutover.domain import (
    Allocation,
    Execution,
    JournalEvent,
    Manifest,
    Measurement,
    Release,
    ReleaseOutputs,
    ReleaseRef,
    Request,
    RequestKind,
    Verdict,
)
from cutover.domain.errors import Interrupted, InvalidInput, LeaseLost, Refused, StepFailed
from cutover.domain.release import Network
from cutover.ports import (
    AlarmState,
    CloudWatchQuery,
    EnvironmentOutputs,
    HookResult,
    HookStatus,
    Lease,
    MetricQuery,
    Points,
    Ports,
    ProbeResult,
    ServiceState,
    StackDiff,
    StoppedTask,
    TargetHealth,
)

OUTPUTS = EnvironmentOutputs(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=("subnet-b", "subnet-a"),
    load_balancer_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/1",
    load_balancer_name="shop",
    load_balancer_dns_name="shop.example",
    load_balancer_security_group_id="sg-1",
    listener_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2",
    listener_port=80,
    listener_protocol="HTTP",
)


@dataclass
class FakeClock:
    """Time that passes only by sleeping; `on_sleep` sees every wait."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    stop_after: float | None = None
    slept: float = 0.0
    on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        if self.stop_after is not None and self.slept + seconds > self.stop_after:
            self.stop_after = None
            raise Interrupted("INTERRUPTED", "SIGTERM")
        self.on_sleep()
        self.slept += seconds
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeCloud:
    """ECS, ALB and stacks as one; `behaviour` says by version how a release turns out."""

    clock: FakeClock
    behaviour: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, Manifest] = field(default_factory=dict)
    desired: dict[str, int] = field(default_factory=dict)
    scaled_at: dict[str, datetime] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before_call: Callable[[str], None] = lambda _: None
    history: list[dict[str, int]] = field(default_factory=list)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    """(version, metric name or statistic) → the value of every point of it."""
    alarm_states: dict[str, str] = field(default_factory=dict)
    hook_results: dict[str, list[HookResult | Exception]] = field(default_factory=dict)
    hook_events: list[dict[str, object]] = field(default_factory=list)

    def _call(self, name: str) -> None:
        self.before_call(name)
        self.calls.append(name)

    # Stacks
    def environment(self) -> EnvironmentOutputs:
        return OUTPUTS

    def create_release(self, manifest: Manifest, desired_count: int) -> ReleaseOutputs:
        self._call(f"create {manifest.version}")
        if self.behaviour.get(manifest.version) == "cannot-be-created":
            raise StepFailed("STACK_FAILED", "aws:ecs:Service shop: AccessDenied")
        name = manifest.ref.release
        self.stacks[name] = manifest
        self.desired[name] = desired_count
        return self.outputs(manifest.ref)

    def release_exists(self, release: ReleaseRef) -> bool:
        return release.release in self.stacks

    def outputs(self, release: ReleaseRef) -> ReleaseOutputs:
        return ReleaseOutputs(
            cluster_arn=f"cluster/{release.release}",
            service_name=release.release,
            task_definition_arn=f"taskdef/{release.release}",
            target_group_arn=f"tg/{release.release}",
            security_group_id="sg-2",
            log_group_name="/log",
        )

    def destroy_release(self, manifest: Manifest) -> None:
        self._call(f"destroy {manifest.version}")
        name = manifest.ref.release
        if f"tg/{name}" in self.weights:
            raise StepFailed("STACK_FAILED", "target group is in use by a listener")
        self.stacks.pop(name, None)
        self.desired.pop(name, None)

    def apply_allocation(self, allocation: Allocation) -> None:
        self._call("up environment")
        self._write(allocation)

    def preview_environment(self, allocation: Allocation) -> StackDiff:
        return StackDiff(stack="prod", exists=True, changes=())

    def preview_release(self, manifest: Manifest) -> StackDiff:
        return StackDiff(stack=manifest.ref.release, exists=False, changes=())

    # Traffic
    def live_weights(self, listener_arn: str) -> dict[str, int]:
        return dict(self.weights)

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        self._call("modify listener")
        self._write(allocation)

    def _write(self, allocation: Allocation) -> None:
        # As the real adapters: a target group of weight 0 is not named.
        self.weights = allocation.positive()
        self.history.append(dict(self.weights))

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        name = target_group_arn.removeprefix("tg/")
        if name not in self.stacks:
            raise StepFailed("TARGET_GROUP_GONE", f"{target_group_arn} is gone")
        state = "healthy" if self._behaves(name) not in ("unhealthy", "crash") else "unhealthy"
        return tuple(
            TargetHealth(f"10.0.0.{i}", state, "Target.ResponseCodeMismatch") for i in range(self.desired[name])
        )

    def _behaves(self, release: str) -> str:
        return self.behaviour.get(self.stacks[release].version, "good")

    # Compute
    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        name = outputs.service_name
        if name not in self.stacks:
            return None
        count = self.desired[name]
        good = ServiceState("ACTIVE", count, count, 0, count, "COMPLETED", "", 0, ())
        if self._behaves(name) == "slow-stop" and count == 0:
            left = 2 if self.clock.now() - self.scaled_at[name] < timedelta(seconds=30) else 0
            return replace(good, running=left)
        if self._behaves(name) == "crash":
            stopped = StoppedTask("task/1", "Essential container in task exited", 1, self.clock.now())
            return replace(
                good, running=0, running_on_task_definition=0, rollout_state="IN_PROGRESS", stopped=(stopped,) * 2
            )
        if self._behaves(name) == "slow-start":
            return replace(good, running=0, pending=count, running_on_task_definition=0, rollout_state="IN_PROGRESS")
        return good

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        self._call(f"scale {outputs.service_name.split('-')[1]} to {desired_count}")
        self.scaled_at[outputs.service_name] = self.clock.now()
        self.desired[outputs.service_name] = desired_count

    # Probe
    def get(self, release: ReleaseRef, path: str, timeout_seconds: float) -> ProbeResult:
        status = 500 if self._behaves(release.release) == "errors" else 200
        return ProbeResult(status=status, body=release.version, latency_seconds=0.01, error="")

    # Metrics, alarms and hooks
    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        return tuple(self._points(query, start, end) for query in queries)

    def _points(self, query: MetricQuery, start: datetime, end: datetime) -> Points:
        assert isinstance(query, CloudWatchQuery)
        group = dict(query.dimensions)["TargetGroup"]
        version = next(m.version for name, m in self.stacks.items() if name in group)
        key = query.name if query.statistic == "Sum" else query.statistic
        value = self.values.get((version, key))
        if value is None or not self.weights.get(f"tg/{group.removeprefix('tg/')}"):
            return ()
        count = int((end - start).total_seconds() // query.period_seconds)
        return tuple((start + timedelta(seconds=query.period_seconds * n), value) for n in range(count))

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        return tuple(AlarmState(name, self.alarm_states[name], "") for name in names if name in self.alarm_states)

    def start(self, hook: HookConfig, event: Mapping[str, object]) -> "FakeHookRun":
        self.hook_events.append(dict(event))
        assert hook.function is not None
        results = self.hook_results.get(hook.function, [])
        return FakeHookRun(results.pop(0) if results else HookResult("Succeeded", ""))

    # Images and configuration
    def resolve(self, image: str) -> str:
        if image.endswith(":missing"):
            raise InvalidInput("IMAGE_MISSING", f"{image} is not in the registry")
        return f"registry/{image.split(':', maxsplit=1)[0]}@sha256:{'a' * 64}"

    def pin(self, reference: str) -> str:
        return reference


@dataclass
class FakeHookRun:
    """A hook that has ended, with a result or an error."""

    result: HookResult | Exception

    def poll(self) -> HookResult | None:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def stop(self) -> None:
        pass


@dataclass
class TrafficOf:
    """The Traffic port over the cloud (its `weights` is a method, the cloud's a field)."""

    cloud: FakeCloud

    def weights(self, listener_arn: str) -> dict[str, int]:
        return self.cloud.live_weights(listener_arn)

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        self.cloud.set_weights(listener_arn, allocation)

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        return self.cloud.target_health(target_group_arn)


@dataclass
class FakeLedger:
    """The records with their fence, in dictionaries."""

    clock: FakeClock
    ttl: float = 60.0
    lease: Lease | None = None
    released: bool = True
    fence: int = 0
    heads: dict[str, Execution] = field(default_factory=dict)
    events: dict[str, list[JournalEvent]] = field(default_factory=dict)
    asked: dict[str, list[Request]] = field(default_factory=dict)
    measured: dict[str, list[Measurement]] = field(default_factory=dict)
    answers: dict[str, HookResult] = field(default_factory=dict)
    the_allocation: Allocation | None = None
    all_releases: dict[str, Release] = field(default_factory=dict)
    before_write: Callable[[str], None] = lambda _: None

    def acquire(self, holder: str, execution_id: str) -> Lease:
        current = self.lease
        if current and not self.released and current.expires_at > self.clock.now():
            raise Refused("LEASE_HELD", f"{current.holder} is at work on {current.execution_id}", "cutover status")
        self.fence += 1
        self.released = False
        self.lease = Lease("shop", "prod", holder, execution_id, self.fence, self._expiry())
        return self.lease

    def _expiry(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.ttl)

    def renew(self, lease: Lease) -> Lease:
        self._check(lease, "lease")
        self.lease = replace(lease, expires_at=self._expiry())
        return self.lease

    def release_lease(self, lease: Lease) -> None:
        if lease.fence == self.fence:
            self.released = True

    def current_lease(self) -> Lease | None:
        return None if self.released else self.lease

    def _check(self, lease: Lease, what: str) -> None:
        self.before_write(what)
        if lease.fence != self.fence:
            raise LeaseLost("LEASE_LOST", "another driver has taken over")

    def write(self, lease: Lease, execution: Execution, event: JournalEvent) -> None:
        self._check(lease, f"{event.kind} {event.step_kind}")
        journal = self.events.setdefault(execution.execution_id, [])
        assert event.seq == len(journal) + 1
        journal.append(event)
        self.heads[execution.execution_id] = execution

    def execution(self, execution_id: str) -> Execution | None:
        return self.heads.get(execution_id)

    def latest_execution(self) -> Execution | None:
        return self.heads[max(self.heads)] if self.heads else None

    def executions(self, limit: int) -> tuple[Execution, ...]:
        return tuple(self.heads[key] for key in sorted(self.heads, reverse=True)[:limit])

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        return tuple(self.events.get(execution_id, ()))

    def add_request(self, execution_id: str, kind: RequestKind, by: str, reason: str) -> Request:
        head = self.heads.get(execution_id)
        if head is None or head.finished:
            raise Refused(f"NOTHING_TO_{kind.name}", f"{execution_id} is not under way", "cutover status")
        known = self.asked.setdefault(execution_id, [])
        if known and (known[-1].kind, known[-1].step_index) == (kind, head.step_index):
            return known[-1]
        known.append(
            Request(
                execution_id=execution_id,
                seq=len(known) + 1,
                kind=kind,
                step_index=head.step_index,
                by=by,
                reason=reason,
                at=self.clock.now(),
            )
        )
        return known[-1]

    def requests(self, execution_id: str, after: int) -> tuple[Request, ...]:
        return tuple(r for r in self.asked.get(execution_id, ()) if r.seq > after)

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        self._check(lease, f"measurement {measurement.gate}")
        known = self.measured.setdefault(measurement.execution_id, [])
        assert measurement.seq == len(known) + 1
        known.append(measurement)

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        return tuple(self.measured.get(execution_id, ()))

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        known = self.answers.setdefault(callback_id, HookResult(status, message))
        if known.status != status:
            raise Refused("HOOK_ANSWERED", f"{callback_id} has answered {known.status} already", "cutover status")

    def hook_answer(self, callback_id: str) -> HookResult | None:
        return self.answers.get(callback_id)

    def allocation(self) -> Allocation | None:
        return self.the_allocation

    def put_allocation(self, lease: Lease, allocation: Allocation) -> None:
        self._check(lease, "allocation")
        self.the_allocation = allocation

    def release(self, release: str) -> Release | None:
        return self.all_releases.get(release)

    def releases(self) -> tuple[Release, ...]:
        return tuple(sorted(self.all_releases.values(), key=lambda r: r.created_at, reverse=True))

    def put_release(self, lease: Lease, release: Release) -> None:
        self._check(lease, f"release {release.ref.version} {release.state}")
        self.all_releases[release.ref.release] = release


@dataclass
class FakeIdentifiers:
    """Ids that count up."""

    count: int = 0

    def execution_id(self) -> str:
        self.count += 1
        return f"x{self.count:04}"

    def holder(self) -> str:
        return "test"

    def person(self) -> str:
        return "alice"


@dataclass
class FakeNotifier:
    """Keeps what it was told."""

    told: list[str] = field(default_factory=list)

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        self.told.append(event.kind)


@dataclass
class SilentReporter:
    """Keeps what was reported."""

    heads: list[Execution] = field(default_factory=list)

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        self.heads.append(execution)

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        pass


def config_for(version: str, **changes: object) -> EnvironmentConfig:
    """A valid configuration of `version`; `changes` replace whole sections."""
    sections: dict[str, object] = {
        "application": "shop",
        "environment": "prod",
        "provider": {"region": "eu-west-1", "account_id": "123456789012"},
        "records": {"artifact_bucket": "shop-artifacts"},
        "network": {
            "vpc_tags": {"Name": "main"},
            "load_balancer_subnet_tags": {"Tier": "public"},
            "service_subnet_tags": {"Tier": "private"},
        },
        "load_balancer": {"plain_http": {"reason": "a test that leaves nothing"}},
        "release": {"version": version, "image": f"shop:{version}"},
        "strategy": {"bake": "30s", "propagation_margin": "5s", "drain": "20s"},
    }
    return EnvironmentConfig.model_validate(sections | changes)


def manifest_for(config: EnvironmentConfig) -> Manifest:
    """The manifest of a configuration, in some network."""
    network = Network(
        vpc_id="vpc-1",
        subnet_ids=("subnet-a", "subnet-b"),
        load_balancer_security_group_id="sg-1",
        listener_arn="arn:listener",
    )
    image = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:{'a' * 64}"
    return build_manifest(config, image=image, secrets={}, network=network)


@dataclass
class FakeWorld:
    """One cloud and one ledger that several drivers use; `driver(version)` is a driver about to deploy it."""

    clock: FakeClock = field(default_factory=FakeClock)
    cloud: FakeCloud = field(init=False)
    ledger: FakeLedger = field(init=False)
    identifiers: FakeIdentifiers = field(default_factory=FakeIdentifiers)
    reporter: SilentReporter = field(default_factory=SilentReporter)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    when_paused: Literal["wait", "leave"] = "wait"

    def __post_init__(self) -> None:
        self.cloud = FakeCloud(self.clock)
        self.ledger = FakeLedger(self.clock)

    def driver(self, version: str, **changes: object) -> Ports:
        return Ports(
            config=config_for(version, **changes),
            stacks=self.cloud,
            traffic=TrafficOf(self.cloud),
            compute=self.cloud,
            probe_for=lambda _: self.cloud,
            ledger=self.ledger,
            images=self.cloud,
            configuration=self.cloud,
            clock=self.clock,
            identifiers=self.identifiers,
            reporter=self.reporter,
            metrics=self.cloud,
            alarms=self.cloud,
            hooks=self.cloud,
            notifier=self.notifier,
            when_paused=self.when_paused,
            renew_lease=_kept,
        )

    def weight_of(self, version: str) -> int:
        """Percent of the live traffic that a version has."""
        return sum(w for arn, w in self.cloud.weights.items() if f"-{version}-" in arn)


@contextmanager
def _kept(_: Lease) -> Iterator[None]:
    yield
