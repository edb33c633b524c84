"""The status page of an endpoint that stands in for AWS: its process, and where its load balancers listen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cutover.adapters.http import request
from cutover.domain.errors import StepFailed

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """`load_balancers` maps the name of each load balancer to its URL."""

    pid: int
    load_balancers: Mapping[str, str]


def endpoint_status(endpoint: str) -> EndpointStatus:
    """What the status page says.

    Raises:
        TransientFailure: the endpoint does not answer.
        StepFailed: it answers with something else than a status page.
    """
    response = request("GET", f"{endpoint}/_cutover/status", timeout_seconds=_TIMEOUT_SECONDS)
    try:
        page = json.loads(response.text)
        return EndpointStatus(int(page["pid"]), {str(name): str(url) for name, url in page["load_balancers"].items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{endpoint} has no status page of a local cloud (HTTP {response.status})"
        raise StepFailed("ENDPOINT_UNKNOWN", message, "cutover local status") from error
