"""AWS's limits on sizes and names, as sentences about what is wrong; empty when nothing is."""

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
"""CPU units → allowed MiB (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html)."""

LOG_RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

LOAD_BALANCER_NAME_LENGTH = 32
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html"""


def fargate_error(cpu: int, memory: int) -> list[str]:
    """What is wrong with a pair of CPU units and MiB on Fargate."""
    allowed = FARGATE_MEMORY.get(cpu)
    if allowed is None:
        return [f"cpu {cpu} is none of {', '.join(map(str, FARGATE_MEMORY))}"]
    if memory not in allowed:
        return [f"memory {memory} does not go with cpu {cpu}: {allowed[0]} to {allowed[-1]} MiB, e.g. {allowed[:3]}"]
    return []


def log_retention_error(days: int) -> list[str]:
    """What is wrong with a retention in days."""
    return [] if days in LOG_RETENTION_DAYS else [f"log_retention_days {days} is none that CloudWatch Logs takes"]


def name_error(application: str, environment: str) -> list[str]:
    """What is wrong with the names that are formed from these two."""
    wrong = []
    if environment == "platform":
        wrong.append(f"the name {environment} is taken by the platform stack")
    if len(f"{application}-{environment}") > LOAD_BALANCER_NAME_LENGTH:
        wrong.append(
            f"application and environment together are longer than {LOAD_BALANCER_NAME_LENGTH - 1} characters: "
            "their load balancer's name would be cut and could collide"
        )
    if application.startswith("internal-") or environment.startswith("internal-"):
        wrong.append("a load balancer's name must not begin with internal-")
    return wrong
