"""Read the status page of the local cloud: its process id, and the URLs of its load balancers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cutover.adapters.http import request
from cutover.domain.errors import StepFailed

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """The content of the status page; `load_balancers` maps the name of each load balancer to its URL."""

    pid: int
    load_balancers: Mapping[str, str]


def endpoint_status(endpoint: str) -> EndpointStatus:
    """Read the status page of the local cloud at `endpoint`.

    Raises:
        TransientFailure: the endpoint does not answer.
        StepFailed: the answer is not a status page.
    """
    response = request("GET", f"{endpoint}/_cutover/status", timeout_seconds=_TIMEOUT_SECONDS)
    try:
        page = json.loads(response.text)
        return EndpointStatus(int(page["pid"]), {str(name): str(url) for name, url in page["load_balancers"].items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{endpoint} is not a local cloud: its status page answers HTTP {response.status}"
        raise StepFailed("ENDPOINT_UNKNOWN", message, "cutover local status") from error
