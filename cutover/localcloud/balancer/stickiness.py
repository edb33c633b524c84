"""The cookies that bind a client to a target (AWSALB) or to a target group (AWSALBTG).

The browser keeps a cookie for seven days whatever the configured duration; the load balancer decides whether the
binding is still valid: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
As we understand this page, the duration starts when the client is bound:
https://docs.aws.amazon.com/prescriptive-guidance/latest/load-balancer-stickiness/target-group-stickiness.html
A binding to a target group is valid even if the group's weight is 0 or the group has no target:
https://repost.aws/questions/QUugYm4uzWSI2af5mnmMjlZQ/alb-to-automatically-redirect-traffic
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate

from cutover.localcloud.balancer.topology import Forward, Target, TargetGroup

_TARGET, _GROUP = "AWSALB", "AWSALBTG"
_CORS = "CORS"  # suffix of a copy of the cookie, for cross-site requests
_KEPT_SECONDS = 7 * 24 * 3600
_SEAL_BYTES = 16


class Cookies:
    """Issues and reads the cookies. Cookies of another run, and forged ones, count as absent."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(_SEAL_BYTES)

    def group_of(self, forward: Forward, sent: Mapping[str, str]) -> str | None:
        """Return the ARN of the action's target group that the client is bound to, whatever its weight."""
        bound = self._opened(_GROUP, sent, forward.sticky_seconds)
        arn = None if bound is None else str(bound[0])
        return arn if any(arn == known for known, _ in forward.groups) else None

    def target_of(self, group: TargetGroup, sent: Mapping[str, str]) -> Target | None:
        """Return the target that the client is bound to in this group; it may be deregistered or unhealthy."""
        bound = self._opened(_TARGET, sent, group.sticky_seconds)
        if bound is None or bound[0] != group.arn:
            return None
        return Target(str(bound[1]), int(bound[2]))

    def to_set(self, forward: Forward, group: TargetGroup, target: Target, sent: Mapping[str, str]) -> list[str]:
        """Return the Set-Cookie headers for a response of this target; none if the client is already bound to it."""
        headers: list[str] = []
        if group.sticky_seconds is not None and self.target_of(group, sent) != target:
            headers += self._issued(_TARGET, group.arn, target.ip, target.port)
        if forward.sticky_seconds is not None and self.group_of(forward, sent) != group.arn:
            headers += self._issued(_GROUP, group.arn)
        return headers

    def _issued(self, name: str, *bound: str | int) -> list[str]:
        text = json.dumps([name, self._clock(), *bound]).encode()
        value = base64.urlsafe_b64encode(self._seal(text) + text).decode().rstrip("=")
        common = f"Expires={formatdate(self._clock() + _KEPT_SECONDS, usegmt=True)}; Path=/"
        return [f"{name}={value}; {common}", f"{name}{_CORS}={value}; {common}; SameSite=None; Secure"]

    def _opened(self, name: str, sent: Mapping[str, str], seconds: float | None) -> list[str | int] | None:
        """Return what a cookie binds its client to; None if the cookie is absent, forged or older than `seconds`."""
        value = sent.get(name) or sent.get(name + _CORS)
        if seconds is None or not value:
            return None
        try:
            raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except ValueError:
            return None
        seal, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(text)):
            return None
        kind, at, *bound = json.loads(text)
        return bound if kind == name and self._clock() < at + seconds else None

    def _seal(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, hashlib.sha256)[:_SEAL_BYTES]
