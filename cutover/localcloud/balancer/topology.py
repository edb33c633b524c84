"""An immutable snapshot of the load balancers in moto's elbv2 models.

The snapshot is all that the data plane reads of moto's classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIONS_THAT_END = ("forward", "fixed-response", "redirect")
_A_DAY = 86400.0  # seconds: AWS's default of stickiness


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is registered in a target group."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The health check settings of a target group; seconds as configured, not scaled."""

    enabled: bool
    path: str
    port: int | None  # None: the target's own port ("traffic-port")
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    codes: str  # "200", "200,202" or "200-299"


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group with its settings and its registered targets."""

    arn: str
    algorithm: str
    deregistration_delay: float
    health_check: HealthCheck
    targets: tuple[Target, ...]
    sticky_seconds: float | None = None  # how long a client is bound to its target; None: not bound
    slow_start: float = 0.0  # seconds as configured, not scaled

    @property
    def dimension(self) -> str:
        """The value of CloudWatch's dimension TargetGroup, `targetgroup/NAME/ID`."""
        return self.arn.rsplit(":", 1)[-1]


@dataclass(frozen=True, slots=True)
class Forward:
    """Send the request to one of these target groups, chosen in proportion to the weights."""

    groups: tuple[tuple[str, int], ...]  # (target group ARN, weight 0-999)
    sticky_seconds: float | None = None  # how long a client is bound to its target group; None: not bound


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """Answer the request without a target."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer with another location; each part may hold #{protocol}, #{host}, #{port}, #{path}, #{query}."""

    status: int
    protocol: str
    host: str
    port: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class NotSimulated:
    """An action that the local cloud does not simulate, such as authentication."""

    kind: str


Action = Forward | FixedResponse | Redirect | NotSimulated


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule: it matches if any of its values matches."""

    field: str
    values: tuple[str, ...]
    header: str = ""
    pairs: tuple[tuple[str, str], ...] = ()  # query-string: (key or "", value)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a listener: all its conditions must match. The default rule has none and is the last."""

    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class Listener:
    """A port of a load balancer, with its rules in order of evaluation."""

    arn: str
    port: int
    protocol: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer with its listeners in order of creation."""

    arn: str
    name: str
    idle_timeout: float
    listeners: tuple[Listener, ...]

    @property
    def dimension(self) -> str:
        """The value of CloudWatch's dimension LoadBalancer, `app/NAME/ID`."""
        return self.arn.split(":loadbalancer/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Topology:
    """All load balancers and target groups (by ARN) of one account and region."""

    balancers: tuple[Balancer, ...] = ()
    groups: Mapping[str, TargetGroup] = field(default_factory=dict)

    def users_of_groups(self) -> dict[str, tuple[Balancer, ...]]:
        """Return the load balancers that use each target group, by the group's ARN."""
        users: dict[str, dict[str, Balancer]] = {}
        for balancer in self.balancers:
            for listener in balancer.listeners:
                for rule in listener.rules:
                    if isinstance(rule.action, Forward):
                        for arn, _ in rule.action.groups:
                            users.setdefault(arn, {})[balancer.arn] = balancer
        return {arn: tuple(by_arn.values()) for arn, by_arn in users.items()}


def read_topology(backend: Any) -> Topology:
    """Return a snapshot of moto's `ELBv2Backend`.

    Raises RuntimeError if another thread adds or removes a model during the read; then read again.
    """
    balancers = tuple(
        _balancer(model) for model in list(backend.load_balancers.values()) if model.type == "application"
    )
    groups = {model.arn: _group(model) for model in list(backend.target_groups.values())}
    return Topology(balancers, groups)


def _balancer(model: Any) -> Balancer:
    return Balancer(
        arn=str(model.arn),
        name=str(model.name),
        idle_timeout=float(model.attrs.get("idle_timeout.timeout_seconds", 60)),
        listeners=tuple(_listener(listener) for listener in list(model.listeners.values())),
    )


def _listener(model: Any) -> Listener:
    rules = list(model.rules.values())
    special = sorted((rule for rule in rules if not rule.is_default), key=lambda rule: int(rule.priority))
    default = [rule for rule in rules if rule.is_default]
    return Listener(
        arn=str(model.arn),
        port=int(model.port),
        protocol=str(model.protocol or "HTTP"),
        rules=tuple(_rule(rule) for rule in [*special, *default]),
    )


def _rule(model: Any) -> Rule:
    conditions = () if model.is_default else tuple(_condition(condition) for condition in model.conditions)
    actions = [action.data for action in model.actions]
    final = next((data for data in actions if data.get("Type") in ACTIONS_THAT_END), None)
    blocking = next((data for data in actions if data.get("Type") not in ACTIONS_THAT_END), None)
    if final is None or blocking is not None:
        return Rule(conditions, NotSimulated(str((blocking or {}).get("Type", "no action"))))
    return Rule(conditions, _action(final))


def _action(data: Mapping[str, Any]) -> Action:
    if data["Type"] == "fixed-response":
        fixed = data.get("FixedResponseConfig", {})
        return FixedResponse(
            status=int(fixed.get("StatusCode", 200)),
            content_type=str(fixed.get("ContentType") or "text/plain"),
            body=str(fixed.get("MessageBody") or ""),
        )
    if data["Type"] == "redirect":
        redirect = data.get("RedirectConfig", {})
        return Redirect(
            status=int(str(redirect.get("StatusCode", "HTTP_302")).removeprefix("HTTP_")),
            protocol=str(redirect.get("Protocol") or "#{protocol}"),
            host=str(redirect.get("Host") or "#{host}"),
            port=str(redirect.get("Port") or "#{port}"),
            path=str(redirect.get("Path") or "/#{path}"),
            query=str(redirect.get("Query", "#{query}")),
        )
    config = data.get("ForwardConfig", {})
    sticky = config.get("TargetGroupStickinessConfig") or {}
    seconds = float(sticky.get("DurationSeconds") or _A_DAY) if _is_true(sticky.get("Enabled")) else None
    groups = config.get("TargetGroups") or []
    if not groups and data.get("TargetGroupArn"):
        return Forward(((str(data["TargetGroupArn"]), 1),), seconds)
    return Forward(tuple((str(group["TargetGroupArn"]), int(group.get("Weight", 1))) for group in groups), seconds)


_CONFIG_OF_FIELD = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


def _condition(data: Mapping[str, Any]) -> Condition:
    kind = str(data["Field"])
    config = data.get(_CONFIG_OF_FIELD.get(kind, ""), {})
    values = config.get("Values") or data.get("Values") or []
    if kind == "query-string":
        return Condition(kind, (), pairs=tuple((str(pair.get("Key") or ""), str(pair["Value"])) for pair in values))
    return Condition(kind, tuple(str(value) for value in values), header=str(config.get("HttpHeaderName", "")))


def _group(model: Any) -> TargetGroup:
    attributes = model.attributes
    return TargetGroup(
        arn=str(model.arn),
        algorithm=str(attributes.get("load_balancing.algorithm.type", "round_robin")),
        deregistration_delay=float(attributes.get("deregistration_delay.timeout_seconds", 300)),
        health_check=_health_check(model),
        targets=tuple(Target(str(target["Id"]), int(target["Port"] or 0)) for target in list(model.targets.values())),
        sticky_seconds=_sticky_seconds(attributes),
        slow_start=float(attributes.get("slow_start.duration_seconds") or 0),
    )


def _sticky_seconds(attributes: Mapping[str, Any]) -> float | None:
    by_balancer = attributes.get("stickiness.type", "lb_cookie") == "lb_cookie"
    if not by_balancer or not _is_true(attributes.get("stickiness.enabled")):
        return None
    return float(attributes.get("stickiness.lb_cookie.duration_seconds") or _A_DAY)


def _is_true(value: object) -> bool:
    """moto stores some settings as it received them, so a boolean may be text."""
    return str(value).lower() == "true"


def _health_check(model: Any) -> HealthCheck:
    port = str(model.health_check_port or "traffic-port")
    matcher = getattr(model, "matcher", None) or {}
    return HealthCheck(
        enabled=bool(model.health_check_enabled),
        path=str(model.health_check_path or "/"),
        port=None if port == "traffic-port" else int(port),
        interval=float(model.health_check_interval_seconds),
        timeout=float(model.health_check_timeout_seconds),
        healthy_threshold=int(model.healthy_threshold_count),
        unhealthy_threshold=int(model.unhealthy_threshold_count),
        codes=str(matcher.get("HttpCode") or "200"),
    )
