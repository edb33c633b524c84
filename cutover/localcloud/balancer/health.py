"""Decides how the health of one target changes with each health check.

States and reason codes are those of
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
"""

from dataclasses import dataclass, replace

from cutover.localcloud.balancer.topology import HealthCheck


@dataclass(frozen=True, slots=True)
class Health:
    """A target's state with AWS's reason code. `contrary` counts the checks in a row that contradict the state."""

    state: str
    reason: str | None = None
    description: str | None = None
    contrary: int = 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one health check; `reason` and `description` are None if it passed."""

    reason: str | None = None
    description: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the target's answer matches the matcher."""
        return self.reason is None


REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = Health("healthy")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
UNUSED = Health("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
CHECKS_DISABLED = Health("unavailable", "Target.HealthCheckDisabled", "Health checks are disabled for target group")
NO_ANSWER = CheckResult("Target.Timeout", "Request timed out")
NO_CONNECTION = CheckResult("Target.FailedHealthChecks", "Health checks failed")


def next_health(health: Health, result: CheckResult, settings: HealthCheck) -> Health:
    """Return the health after one more check. As on AWS, the first pass makes a new target healthy."""
    if health.state in {"draining", "unused", "unavailable"}:
        return health
    if result.passed:
        if health.state != "unhealthy" or health.contrary + 1 >= settings.healthy_threshold:
            return HEALTHY
        return replace(health, contrary=health.contrary + 1)
    if health.state == "unhealthy":
        return Health("unhealthy", result.reason, result.description)
    if health.contrary + 1 >= settings.unhealthy_threshold:
        return Health("unhealthy", result.reason, result.description)
    return replace(CHECKING if health.state == "initial" else health, contrary=health.contrary + 1)


def check_status(status: int, settings: HealthCheck) -> CheckResult:
    """Return the result of a check whose answer has this HTTP status."""
    if any(_covers(part, status) for part in settings.codes.split(",")):
        return CheckResult()
    return CheckResult("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def _covers(part: str, status: int) -> bool:
    low, _, high = part.strip().partition("-")
    return int(low) <= status <= int(high or low)
