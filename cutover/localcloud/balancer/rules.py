"""Decides which action of a listener applies to a request, and which target group a weight chooses.

Rules and wildcards are those of
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

import ipaddress
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cutover.localcloud.balancer.topology import Action, Condition, Forward, Listener, Redirect


@dataclass(frozen=True, slots=True)
class RequestAttributes:
    """The parts of a request that conditions match."""

    method: str
    host: str  # without the port
    path: str
    headers: Mapping[str, str]  # names are case-insensitive
    query: Sequence[tuple[str, str]]
    source_ip: str


def action_for(listener: Listener, request: RequestAttributes) -> Action:
    """Return the action of the first rule whose conditions all match; the default rule comes last and has none."""
    for rule in listener.rules:
        if all(_holds(condition, request) for condition in rule.conditions):
            return rule.action
    raise AssertionError(f"{listener.arn} has no default rule")


def choose_group(forward: Forward, rng: random.Random) -> str | None:
    """Return the ARN of a target group, chosen at random by weight; None if no weight is above 0."""
    if len(forward.groups) == 1:  # a single group is used whatever its weight, unless it is 0
        arn, weight = forward.groups[0]
        return arn if weight > 0 else None
    total = sum(weight for _, weight in forward.groups)
    if total <= 0:
        return None
    point = rng.random() * total
    for arn, weight in forward.groups:
        point -= weight
        if point < 0:
            return arn
    return next(arn for arn, weight in reversed(forward.groups) if weight > 0)


def location_of(redirect: Redirect, request: RequestAttributes, *, protocol: str, port: int, query: str) -> str:
    """Return the Location header of a redirect, with its placeholders filled from the request."""
    parts = {
        "protocol": protocol.lower(),
        "host": request.host,
        "port": str(port),
        "path": request.path.lstrip("/"),
        "query": query,
    }

    def fill(text: str) -> str:
        return re.sub(r"#\{(\w+)\}", lambda match: parts.get(match[1], match[0]), text)

    scheme = fill(redirect.protocol).lower()
    default_port = {"http": "80", "https": "443"}.get(scheme)
    to_port = fill(redirect.port)
    authority = fill(redirect.host) + ("" if to_port == default_port else f":{to_port}")
    to_query = fill(redirect.query)
    return f"{scheme}://{authority}{fill(redirect.path)}" + (f"?{to_query}" if to_query else "")


def _holds(condition: Condition, request: RequestAttributes) -> bool:
    match condition.field:
        case "host-header":
            return any(_like(value, request.host, fold=True) for value in condition.values)
        case "path-pattern":
            return any(_like(value, request.path, fold=False) for value in condition.values)
        case "http-header":
            sent = request.headers.get(condition.header)
            return sent is not None and any(_like(value, sent, fold=True) for value in condition.values)
        case "http-request-method":
            return request.method in condition.values
        case "query-string":
            return any(_query_holds(key, value, request.query) for key, value in condition.pairs)
        case "source-ip":
            return any(_within(request.source_ip, network) for network in condition.values)
        case _:  # ALB has no other field; a condition that AWS would reject matches no request
            return False


def _query_holds(key: str, value: str, query: Sequence[tuple[str, str]]) -> bool:
    return any(
        (not key or _like(key, sent_key, fold=True)) and _like(value, sent_value, fold=True)
        for sent_key, sent_value in query
    )


def _like(pattern: str, text: str, *, fold: bool) -> bool:
    return _compiled(pattern, fold=fold).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, *, fold: bool) -> re.Pattern[str]:
    """Compile ALB's wildcards: `*` is any text, `?` is one character; a backslash escapes either."""
    translated = {"*": ".*", "?": "."}
    tokens = re.findall(r"\\[*?\\]|.", pattern, re.DOTALL)
    expression = "".join(translated.get(token) or re.escape(token[-1]) for token in tokens)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if fold else 0))


@lru_cache(maxsize=1024)
def _within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:  # AWS rejects a malformed condition; here it matches no client
        return False
