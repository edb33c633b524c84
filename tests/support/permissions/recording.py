"""Records what each role asks of IAM, and answers AccessDenied where its policy documents do not allow it."""

import json
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIEnvironment

from cutover.config import EnvironmentConfig
from cutover.localcloud.backends import ACCOUNT, REGION, AwsError, Call
from cutover.permissions import ROLES, documents_of
from support.permissions.evaluator import Document, Request, is_allowed
from support.permissions.journey import SET_UP
from support.permissions.requests import arn, requests_of
from support.shell import ROOT

FILE = ROOT / "tests" / "permissions" / "recorded_calls.json"
Asked = tuple[str, Request]
"""A role, and what it asked of IAM."""


class MotoWorld:
    """What moto knows of resources, in the process of the local cloud."""

    def tags(self, identifier: str) -> Mapping[str, str]:
        """See `requests.World`."""
        from moto.ec2.models import ec2_backends

        return dict(ec2_backends[ACCOUNT][REGION].tags.get(identifier, {}))

    def role(self, name: str) -> tuple[str, str | None]:
        """See `requests.World`; a role that does not exist has no path and no boundary."""
        from moto.iam.models import iam_backends

        found = next((each for each in iam_backends[ACCOUNT]["aws"].roles.values() if each.name == name), None)
        if found is None:
            return arn("iam", f"role/{name}", region=""), None
        return found.arn, found.permissions_boundary_arn or None


class Recorder:
    """Implements `cutover.localcloud.app.Authorize`. The access key of a request is the name of its role."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.denied: list[Asked] = []
        self._documents: Mapping[str, Iterable[Document]] = {}
        self._lock = threading.Lock()

    def enforce(self, config: EnvironmentConfig) -> None:
        """From now on every role may do only what its documents allow."""
        self._documents = {role: documents_of(config, role) for role in ROLES}

    def __call__(self, call: Call, environ: WSGIEnvironment) -> AwsError | None:
        """Record the request; return an error if it is denied."""
        role = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")[0]
        if role == SET_UP:
            return None
        requests = requests_of(call, environ["REQUEST_METHOD"], environ.get("QUERY_STRING", ""), MotoWorld())
        denied = [each for each in requests if not is_allowed(each, self._documents[role])]
        with self._lock:
            self.asked += [(role, each) for each in requests]
            self.denied += [(role, each) for each in denied]
        if not denied:
            return None
        message = f"{role} is not authorized to perform: {denied[0].action} on resource: {denied[0].resource}"
        return AwsError("AccessDenied", message, 403)


def written(asked: Iterable[Asked], config: EnvironmentConfig) -> str:
    """The text of the file: the environment, and each different request once, with zeros in place of random ids."""
    different = {json.dumps(_entry(role, request), sort_keys=True) for role, request in asked}
    calls = [json.loads(text) for text in sorted(different)]
    environment = json.loads(_without_ids(config.model_dump_json(exclude_defaults=True)))
    lines = ",\n".join(json.dumps(call, sort_keys=True) for call in calls)
    return f'{{"environment": {json.dumps(environment, sort_keys=True)},\n"calls": [\n{lines}\n]}}\n'


def read(path: Path = FILE) -> tuple[EnvironmentConfig, list[Asked]]:
    """The environment and the requests of the file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    config = EnvironmentConfig.model_validate(document["environment"])
    return config, [_asked(entry) for entry in document["calls"]]


def without_ids(asked: Iterable[Asked]) -> set[str]:
    """Each different request as text, to compare two recordings."""
    return {json.dumps(_entry(role, request), sort_keys=True) for role, request in asked}


def _entry(role: str, request: Request) -> dict[str, Any]:
    entry = {
        "role": role,
        "action": request.action,
        "resource": request.resource,
        "context": {key: list(values) for key, values in sorted(request.context.items())},
    }
    plain: dict[str, Any] = json.loads(_without_ids(json.dumps(entry)))
    return plain


def _asked(entry: Mapping[str, Any]) -> Asked:
    context = {key: tuple(values) for key, values in entry["context"].items()}
    return entry["role"], Request(entry["action"], entry["resource"], context)


def _without_ids(text: str) -> str:
    """Digests and random ids become zeros of the same length; the account's number stays."""
    text = re.sub(r"(:secret:[\w/]+)-[A-Za-z0-9]{6}\b", r"\1-000000", text)
    return re.sub(r"[0-9a-f]{7,64}", lambda found: found[0] if found[0] == ACCOUNT else "0" * len(found[0]), text)
