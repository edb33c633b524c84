"""AWS's limits on sizes and names. Each check returns one sentence for each violation."""

_GIB = 1024
FARGATE_MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""CPU units → allowed memory in MiB (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html)."""

LOG_RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
"""Days that CloudWatch Logs allows
(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html)."""

LOAD_BALANCER_NAME_LENGTH = 32
"""Longest name, in characters
(https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html)."""


def fargate_error(cpu: int, memory: int) -> list[str]:
    """Check that Fargate allows a task with `cpu` CPU units and `memory` MiB."""
    allowed = FARGATE_MEMORY.get(cpu)
    if allowed is None:
        return [f"cpu {cpu} is not a Fargate size; use one of {', '.join(map(str, FARGATE_MEMORY))}"]
    if memory not in allowed:
        return [f"memory {memory} is not allowed with cpu {cpu}; use {_choices(allowed)} MiB"]
    return []


def log_retention_error(days: int) -> list[str]:
    """Check that CloudWatch Logs can keep log events for `days` days."""
    if days in LOG_RETENTION_DAYS:
        return []
    return [f"log_retention_days {days} is not allowed; use one of {', '.join(map(str, sorted(LOG_RETENTION_DAYS)))}"]


def name_error(application: str, environment: str) -> list[str]:
    """Check the load balancer and stack names that cutover forms from the two names."""
    wrong = []
    if environment == "platform":
        wrong.append(f"the environment name {environment} is reserved for the platform stack")
    if len(f"{application}-{environment}") > LOAD_BALANCER_NAME_LENGTH:
        wrong.append(
            f"application and environment together are longer than {LOAD_BALANCER_NAME_LENGTH - 1} characters, "
            "which is too long for the load balancer's name"
        )
    if application.startswith("internal-") or environment.startswith("internal-"):
        wrong.append("a name must not begin with internal-: AWS does not allow it for load balancers")
    return wrong


def _choices(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 4:
        return ", ".join(map(str, sizes[:-1])) + f" or {sizes[-1]}"
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
