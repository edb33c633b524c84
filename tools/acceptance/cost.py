"""What the acceptance run costs, from the sizes in the file and list prices that are written here with their date."""

from cutover.config import EnvironmentConfig

MINUTES = 30
"""Longest usual run. AWS bills a load balancer by the started hour and Fargate by the second, at least one minute."""
_LOAD_BALANCER_HOUR = 0.0225 + 0.008
"""USD: one Application Load Balancer with one capacity unit (us-east-1, November 2026)."""
_VCPU_HOUR, _GIB_HOUR = 0.04048, 0.004445
"""USD: Fargate on Linux, X86_64 (us-east-1, November 2026)."""
_ADDRESS_HOUR = 0.005
"""USD: one public IPv4 address; an internet-facing load balancer has one in each zone."""


def cost(config: EnvironmentConfig) -> str:
    """The estimate for people; other Regions cost up to twice as much."""
    release = config.release
    # Two releases at full capacity exist beside each other during each deployment.
    tasks = 2 * release.desired_count
    hours = MINUTES / 60
    fargate = tasks * hours * (release.cpu / 1024 * _VCPU_HOUR + release.memory / 1024 * _GIB_HOUR)
    zones = max(2, len(config.network.load_balancer_subnet_ids))
    balancer = _LOAD_BALANCER_HOUR + (0 if config.load_balancer.internal else zones * _ADDRESS_HOUR)
    return (
        f"The acceptance run takes about {MINUTES} minutes in account {config.provider.account_id}, "
        f"{config.provider.region}, and creates one load balancer and up to {tasks} tasks at a time.\n"
        f"Estimate: {fargate:.2f} USD for Fargate and {balancer:.2f} USD for the load balancer, at the list prices of "
        "us-east-1 in November 2026; DynamoDB, S3, logs and metrics cost less than 0.05 USD. NAT traffic for pulling "
        "the image comes on top."
    )
