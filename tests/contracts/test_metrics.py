"""The contract of the Metrics port, on the fake and on the local cloud's CloudWatch."""

from datetime import datetime, timedelta
from itertools import count

import pytest

from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.domain.errors import StepFailed
from cutover.ports import Points
from support.contract_cloud import NAMESPACE, ContractCloud, ContractRelease

DIMENSIONS = {"Shop": "north", "Kind": "order"}
MINUTE = timedelta(minutes=1)
_numbers = count(1)


@pytest.fixture
def metric() -> str:
    """A metric that no other test records."""
    return f"Orders{next(_numbers)}"


@pytest.fixture
def start(contract_cloud: ContractCloud) -> datetime:
    """The beginning of a minute, ten minutes ago."""
    return contract_cloud.now().replace(second=0, microsecond=0) - 10 * MINUTE


def read(
    cloud: ContractCloud, metric: str, start: datetime, end: datetime, *, statistic: str = "Sum", shop: str = "north"
) -> Points:
    dimensions = tuple((DIMENSIONS | {"Shop": shop}).items())
    (points,) = cloud.metrics.read((CloudWatchQuery(NAMESPACE, metric, dimensions, statistic, 60),), start, end)
    return points


def test_values_are_summed_by_period(contract_cloud: ContractCloud, metric: str, start: datetime) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1, 2)
    contract_cloud.record(metric, DIMENSIONS, start + timedelta(seconds=59), 4)
    contract_cloud.record(metric, DIMENSIONS, start + MINUTE, 8)
    assert read(contract_cloud, metric, start, start + 2 * MINUTE) == ((start, 7.0), (start + MINUTE, 8.0))


def test_a_percentile_is_that_of_the_values_of_a_period(
    contract_cloud: ContractCloud, metric: str, start: datetime
) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, *range(1, 101))
    contract_cloud.record(metric, DIMENSIONS, start + MINUTE, 7)
    points = read(contract_cloud, metric, start, start + 2 * MINUTE, statistic="p90")
    assert points == ((start, 90.0), (start + MINUTE, 7.0))


def test_a_period_without_a_value_has_no_point(contract_cloud: ContractCloud, metric: str, start: datetime) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1)
    contract_cloud.record(metric, DIMENSIONS, start + 2 * MINUTE, 1)
    points = read(contract_cloud, metric, start - MINUTE, start + 4 * MINUTE)
    assert [at for at, _ in points] == [start, start + 2 * MINUTE]


def test_points_come_oldest_first(contract_cloud: ContractCloud, metric: str, start: datetime) -> None:
    for minutes in (2, 0, 1):
        contract_cloud.record(metric, DIMENSIONS, start + minutes * MINUTE, float(minutes))
    assert [value for _, value in read(contract_cloud, metric, start, start + 3 * MINUTE)] == [0.0, 1.0, 2.0]


def test_the_end_of_the_window_is_not_part_of_it(contract_cloud: ContractCloud, metric: str, start: datetime) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1)
    contract_cloud.record(metric, DIMENSIONS, start + MINUTE, 2)
    assert read(contract_cloud, metric, start, start + MINUTE) == ((start, 1.0),)


def test_a_window_that_begins_within_a_period_has_the_whole_period(
    contract_cloud: ContractCloud, metric: str, start: datetime
) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1)
    assert read(contract_cloud, metric, start + timedelta(seconds=30), start + MINUTE) == ((start, 1.0),)


def test_an_unknown_metric_or_dimension_gives_no_points(
    contract_cloud: ContractCloud, metric: str, start: datetime
) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1)
    assert read(contract_cloud, "Unknown", start, start + MINUTE) == ()
    assert read(contract_cloud, metric, start, start + MINUTE, shop="south") == ()


def test_each_query_has_its_own_points_in_the_order_of_the_queries(
    contract_cloud: ContractCloud, metric: str, start: datetime
) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1, 3)
    dimensions = tuple(DIMENSIONS.items())
    queries = [
        CloudWatchQuery(NAMESPACE, name, dimensions, statistic, 60)
        for name, statistic in ((metric, "Sum"), ("Unknown", "Sum"), (metric, "Average"), (metric, "Maximum"))
    ]
    assert contract_cloud.metrics.read(queries, start, start + MINUTE) == (
        ((start, 4.0),),
        (),
        ((start, 2.0),),
        ((start, 3.0),),
    )


def test_a_statistic_that_cloudwatch_does_not_have_is_refused(
    contract_cloud: ContractCloud, metric: str, start: datetime
) -> None:
    contract_cloud.record(metric, DIMENSIONS, start, 1)
    with pytest.raises(StepFailed, match="InvalidParameterValue"):
        read(contract_cloud, metric, start, start + MINUTE, statistic="Mean")


def test_a_release_without_a_request_has_no_point_and_a_release_without_an_error_no_count_of_errors(
    contract_cloud: ContractCloud,
) -> None:
    serving, idle = contract_cloud.create_release(), contract_cloud.create_release()
    for release in (serving, idle):
        group = release.outputs.target_group_arn
        contract_cloud.wait_until(
            lambda group=group: [t.state for t in contract_cloud.traffic.target_health(group)] == ["healthy"]
        )
    start = contract_cloud.now().replace(second=0, microsecond=0) - 3 * MINUTE
    contract_cloud.send_requests(serving)

    def points(release: ContractRelease, name: str) -> Points:
        dimensions = (
            ("LoadBalancer", contract_cloud.load_balancer_arn.partition("loadbalancer/")[2]),
            ("TargetGroup", release.outputs.target_group_arn.rpartition(":")[2]),
        )
        query = CloudWatchQuery("AWS/ApplicationELB", name, dimensions, "Sum", 60)
        return contract_cloud.metrics.read((query,), start, start + 6 * MINUTE)[0]

    contract_cloud.wait_until(lambda: sum(value for _, value in points(serving, "RequestCount")) >= 5)
    assert len(points(serving, "RequestCount")) <= 2, "the minutes before the first request have no point"
    assert points(serving, "HTTPCode_Target_5XX_Count") == ()
    assert points(idle, "RequestCount") == ()
