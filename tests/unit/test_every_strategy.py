"""Every strategy: a deployment that succeeds, one that fails at each step, and one that a person aborts at each step.

Each write of traffic is checked: the weights sum to 100 or are empty (a declared outage), and each release with a
weight has enough tasks for it. On the way back the half of its tasks is enough for the baseline.
"""

from dataclasses import replace

import pytest

from cutover import operations
from cutover.domain import Execution, ReleaseOutputs, RequestKind, Scale, Status, Step
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.registry import handler_of
from cutover.planning.observe import readiness
from cutover.ports import ServiceState
from cutover.strategies.capacity import tasks_for
from support.executions import carry_out, code_of, newest, release, request
from support.fakes import InMemoryEnvironment

CAPACITY = 4
MIN_HEALTHY = 50
STRATEGIES: dict[str, dict[str, object]] = {
    "blue-green": {"kind": "blue-green"},
    "canary": {
        "kind": "canary",
        "canary": {"steps": [{"scale": 25}, {"weight": 10}, {"pause": "10s"}, {"scale": 50}, {"weight": 50}]},
    },
    "canary-drill": {"kind": "canary", "canary": {"steps": [{"drill": True}, {"weight": 25}, {"pause": "10s"}]}},
    "linear": {"kind": "linear", "linear": {"percent": 40, "interval": "10s"}},
    "rolling": {"kind": "rolling", "rolling": {"batch_percent": 30, "pause": "5s"}},
    "recreate": {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}},
    "CodeDeployDefault.ECSCanary10Percent5Minutes": {"kind": "CodeDeployDefault.ECSCanary10Percent5Minutes"},
    "ECSLinear10PercentEvery1Minutes": {"kind": "ECSLinear10PercentEvery1Minutes"},
    "CodeDeployDefault.ECSAllAtOnce": {"kind": "CodeDeployDefault.ECSAllAtOnce"},
}
TIMINGS = {"bake": "10s", "propagation_margin": "2s", "drain": "3s"}
HOOKS = {"smoke": {"at": "AfterAllowTestTraffic", "function": "smoke"}}


class CheckedEnvironment(InMemoryEnvironment):
    """An environment that checks every write of traffic.

    `violations` has the writes that must not be: an error inside the driver would only be one more failure to it.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        write = self.cloud.write_weights
        self.outages = 0
        self.violations: list[str] = []

        def checked(allocation: object) -> None:
            write(allocation)  # type: ignore[arg-type]
            self.check()

        self.cloud.write_weights = checked  # type: ignore[method-assign]

    def check(self) -> None:
        weights = self.cloud.weights
        self.outages += not weights
        if sum(weights.values()) not in (0, 100):
            self.violations.append(f"the weights {weights} do not sum to 100")
        if self.cloud.behaviour.get("v2"):
            # Only the baseline is healthy, so it takes all traffic whatever its size.
            return
        head = self.ledger.latest_execution()
        # The write that gives the last good release everything comes before its record.
        goes_back = head is not None and (head.rolling_back or f"tg/{head.candidate.release}" not in weights)
        share = MIN_HEALTHY if goes_back else 100
        for group, weight in weights.items():
            name = group.removeprefix("tg/")
            if 100 * self.cloud.desired[name] < share * tasks_for(weight, CAPACITY):
                self.violations.append(f"{weights} on {self.cloud.desired}")

    def deploy(self, version: str, strategy: str, retention: str = "hot") -> Execution:
        release = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY}
        execution = operations.deploy(
            self.driver(
                version,
                release=release,
                strategy=TIMINGS | STRATEGIES[strategy],
                hooks=HOOKS,
                retention={"mode": retention},
            )
        )
        assert execution is not None
        assert self.violations == []
        return execution


def prepared() -> CheckedEnvironment:
    environment = CheckedEnvironment()
    environment.deploy("v1", "blue-green")
    environment.outages = 0
    return environment


def each_step(*, clean_up: bool, retention: str = "hot") -> list[tuple[str, int]]:
    """Each strategy with the index of each step of its plan, either before the clean-up or in it."""
    steps: list[tuple[str, int]] = []
    for strategy in STRATEGIES:
        plan = prepared().deploy("v2", strategy, retention).plan
        start = len(plan.steps) if plan.clean_up_from is None else plan.clean_up_from
        steps += [(strategy, index) for index in range(len(plan.steps)) if (index >= start) == clean_up]
    return steps


def fail_at(index: int, patch: pytest.MonkeyPatch) -> None:
    """Make `apply` fail for the step with this index of a deployment's own plan."""

    class Failing:
        def __init__(self, step: Step) -> None:
            self._handler = handler_of(step)

        def __getattr__(self, name: str) -> object:
            return getattr(self._handler, name)

        def is_done(self, context: ExecutionContext) -> bool:
            return not self._fails(context) and self._handler.is_done(context)

        def apply(self, context: ExecutionContext) -> None:
            if self._fails(context):
                raise StepFailed("BROKEN", "this step fails in the test")
            self._handler.apply(context)

        def _fails(self, context: ExecutionContext) -> bool:
            head = context.recorder.execution
            return not head.rolling_back and head.candidate.version == "v2" and head.step_index == index

    patch.setattr("cutover.execution.engine.handler_of", Failing)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("retention", ["hot", "warm", "cold"])
def test_a_good_version_ends_with_all_traffic(strategy: str, retention: str) -> None:
    environment = prepared()
    execution = environment.deploy("v2", strategy, retention)
    assert (execution.status, environment.weight_of("v2")) == (Status.COMPLETED, 100)
    assert execution.plan.strategy in (strategy, "canary")
    assert environment.cloud.desired[execution.candidate.release] == CAPACITY
    assert (environment.outages > 0) == (strategy == "recreate")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_can_deploy_the_first_version(strategy: str) -> None:
    environment = CheckedEnvironment()
    assert environment.deploy("v1", strategy).status is Status.COMPLETED
    assert environment.weight_of("v1") == 100


@pytest.mark.parametrize(("strategy", "index"), each_step(clean_up=False))
def test_a_step_that_fails_returns_all_traffic_to_the_baseline(
    strategy: str, index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = prepared()
    fail_at(index, monkeypatch)
    execution = environment.deploy("v2", strategy)
    assert (execution.status, execution.error and execution.error.code) == (Status.ROLLED_BACK, "BROKEN")
    assert environment.weight_of("v1") == 100
    assert execution.candidate.release not in environment.cloud.stacks
    (old,) = [name for name, manifest in environment.cloud.stacks.items() if manifest.version == "v1"]
    assert environment.cloud.desired[old] == CAPACITY


@pytest.mark.parametrize(("strategy", "index"), each_step(clean_up=True, retention="cold"))
def test_a_step_after_the_bake_that_fails_is_a_warning_and_undoes_nothing(
    strategy: str, index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = prepared()
    fail_at(index, monkeypatch)
    execution = environment.deploy("v2", strategy, "cold")
    assert (execution.status, environment.weight_of("v2")) == (Status.COMPLETED, 100)
    (warning,) = execution.warnings
    assert "this step fails in the test" in warning
    assert environment.ledger.good().last == execution.candidate.release


@pytest.mark.parametrize(
    ("strategy", "index"), [*each_step(clean_up=False), *each_step(clean_up=True, retention="cold")]
)
def test_an_abort_at_any_step_returns_all_traffic_to_the_baseline(strategy: str, index: int) -> None:
    environment = prepared()
    before = dict(environment.ledger.heads)

    def abort(event: str) -> None:
        head = newest(environment)
        if head.execution_id not in before and not head.rolling_back and head.step_index == index:
            request(environment, RequestKind.ABORT, by="bob", reason="enough")

    environment.ledger.before_write = abort
    execution = environment.deploy("v2", strategy, "cold")
    assert (execution.status, code_of(execution)) == (Status.ROLLED_BACK, "ABORTED")
    assert execution.warnings == ()
    assert execution.error is not None
    assert "aborted by bob: enough" in execution.error.message
    assert environment.weight_of("v1") == 100


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_candidate_that_crashes_under_traffic_loses_all_traffic_with_the_next_write(strategy: str) -> None:
    environment = prepared()
    writes: list[bool] = []
    inner = environment.cloud.write_weights

    def write(allocation: object) -> None:
        inner(allocation)  # type: ignore[arg-type]
        if environment.cloud.behaviour.get("v2") == "crash":
            writes.append(environment.weight_of("v2") == 0)
        elif environment.weight_of("v2"):
            environment.cloud.behaviour["v2"] = "crash"

    environment.cloud.write_weights = write  # type: ignore[method-assign]
    assert environment.deploy("v2", strategy).status is Status.ROLLED_BACK
    # The write by the stack repeats the direct one; a drill writes its three moves before the next check.
    assert any(writes)
    assert all(writes[writes.index(True) :])
    assert environment.weight_of("v1") == 100


def test_a_baseline_with_half_of_its_tasks_takes_all_traffic_at_once_and_gets_the_others_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = prepared()
    kinds = [step.kind for step in prepared().deploy("v2", "rolling").plan.steps]
    fail_at(len(kinds) - 1 - kinds[::-1].index("Bake"), monkeypatch)
    environment.cloud.calls.clear()
    environment.deploy("v2", "rolling")
    modify = environment.cloud.calls.index("modify listener")
    assert environment.cloud.calls[modify - 1 : modify + 2] == ["up environment", "modify listener", "scale v1 to 4"]
    assert len([call for call in environment.cloud.calls if call == "modify listener"]) == 1


def test_a_baseline_takes_all_traffic_at_once_if_only_its_tasks_are_healthy() -> None:
    environment = prepared()
    environment.cloud.before_call = lambda call: _kill(environment)
    execution = environment.deploy("v2", "rolling")
    assert execution.status is Status.ROLLED_BACK
    modify = environment.cloud.calls.index("modify listener")
    assert "scale v1 to 4" in environment.cloud.calls[modify:]


def _kill(environment: CheckedEnvironment) -> None:
    if environment.weight_of("v2") >= 30:
        environment.cloud.behaviour["v2"] = "unhealthy"


def test_recreate_starts_the_candidate_only_when_no_task_of_the_baseline_runs() -> None:
    environment = prepared()
    environment.cloud.behaviour["v1"] = "slow-stop"
    running: list[int] = []

    def record_running(call: str) -> None:
        if call == "create v2":
            (old,) = [name for name, manifest in environment.cloud.stacks.items() if manifest.version == "v1"]
            service = environment.compute.service(environment.ledger.all_releases[old].outputs)  # type: ignore[arg-type]
            assert service is not None
            running.append(service.running + service.leaving)

    environment.cloud.before_call = record_running
    assert environment.deploy("v2", "recreate").status is Status.COMPLETED
    assert running == [0]


def test_recreate_waits_for_tasks_that_ecs_lists_late() -> None:
    """`runningCount` falls first, and the list of stopping tasks shows the task seconds later."""
    environment = prepared()
    environment.cloud.behaviour["v1"] = "slow-stop"
    read, left_at = environment.compute.service, list[float]()
    working: list[int] = []

    def listed_late(outputs: ReleaseOutputs) -> ServiceState | None:
        service = read(outputs)
        if service is None or not service.leaving:
            return service
        left_at.append(environment.clock.monotonic())
        late = environment.clock.monotonic() - left_at[0] < 4
        return replace(service, leaving=0) if late else service

    def record_working(call: str) -> None:
        if call == "create v2":
            (old,) = [name for name, manifest in environment.cloud.stacks.items() if manifest.version == "v1"]
            service = read(environment.ledger.all_releases[old].outputs)  # type: ignore[arg-type]
            assert service is not None
            working.append(service.leaving)

    environment.compute.service = listed_late  # type: ignore[method-assign]
    environment.cloud.before_call = record_working
    assert environment.deploy("v2", "recreate").status is Status.COMPLETED
    assert working == [0]


def test_a_release_is_not_scaled_below_the_tasks_that_its_weight_needs() -> None:
    environment = prepared()
    environment.deploy("v2", "blue-green")
    execution = carry_out(environment, Scale(release=release(environment, "v2").ref, desired_count=CAPACITY - 1))
    assert (execution.status, code_of(execution)) == (Status.FAILED, "TOO_SMALL")
    assert environment.cloud.desired[release(environment, "v2").ref.release] == CAPACITY


def test_a_release_that_recreate_stopped_has_no_tasks_and_can_be_deployed_again() -> None:
    environment = prepared()
    environment.deploy("v2", "recreate")
    assert readiness(environment.driver("v2"), release(environment, "v1")) == "warm"
    assert environment.deploy("v1", "blue-green").status is Status.COMPLETED
