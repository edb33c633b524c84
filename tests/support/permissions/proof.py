"""What is wrong with the policy documents of a role, judged by the recorded requests."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cutover.permissions.documents import LONGEST, size
from support.permissions.evaluator import Document, Request, is_allowed, listed, matches_action
from support.permissions.recording import FILE, read

OTHER_FILE = FILE.parent / "other_requests.json"
# Actions for which IAM has no resources: the Service Authorization Reference of each service. DescribeAlarms has, but
# returns composite alarms only to who may describe all; CloudWatch Logs evaluates DescribeLogGroups on all groups.
WITHOUT_RESOURCES = frozenset(
    {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "ec2:Describe*",
        "ecs:CreateCluster",
        "ecs:DeregisterTaskDefinition",
        "ecs:DescribeTaskDefinition",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTaskDefinitions",
        "ecs:ListTasks",
        "ecs:RegisterTaskDefinition",
        "elasticloadbalancing:Describe*",
        "iam:ListRoles",
        "kms:CreateKey",
        "kms:TagResource",
        "logs:DescribeLogGroups",
        "ssm:DescribeParameters",
    }
)


def requests_by(role: str) -> list[Request]:
    """What a role asks of IAM: recorded from the journey, and listed because the journey does not ask for it.

    A worker carries out executions by the same code as `deploy`, so it needs what `deploy` asked for, all but
    the look-up of the image.
    """
    _, asked = read()
    if role == "worker":
        asked += [("worker", each) for who, each in asked if who == "deploy" and not each.action.startswith("ecr:")]
    other = json.loads(OTHER_FILE.read_text(encoding="utf-8"))["requests"]
    others = [
        Request(each["action"], each["resource"], {key: tuple(values) for key, values in each["context"].items()})
        for each in other
        if role in each["roles"]
    ]
    return [request for who, request in asked if who == role] + others


def faults(documents: Sequence[Document], requests: Sequence[Request]) -> Iterator[str]:
    """One sentence for each fault of the documents."""
    for request in requests:
        if not is_allowed(request, documents):
            yield f"denied, and needed: {request}"
        for variant in foreign(request):
            if is_allowed(variant, documents):
                yield f"allowed, and nobody needs it: {variant}"
    for document in documents:
        if size(dict(document)) > LONGEST:
            yield f"a document has {size(dict(document))} characters"
        for statement in document["Statement"]:
            yield from _unneeded(statement, requests)


def _unneeded(statement: Document, requests: Sequence[Request]) -> Iterator[str]:
    alone = [{"Version": "2012-10-17", "Statement": [statement]}]
    for action in listed(statement["Action"]):
        if "*" in action:
            yield f"{statement['Sid']} allows actions by a pattern: {action}"
        if not any(matches_action(action, each.action) and is_allowed(each, alone) for each in requests):
            yield f"{statement['Sid']} allows {action}, which no request needs"
        has_resources = not any(matches_action(pattern, action) for pattern in WITHOUT_RESOURCES)
        if has_resources and "*" in listed(statement["Resource"]):
            yield f"{statement['Sid']} allows {action} on every resource"


def foreign(request: Request) -> Iterator[Request]:
    """Requests that are like this one, and that no role of the application may make."""
    context = request.context
    other = _replaced(request, "shop", "other")
    # The names of tables, bucket, topic and bus are shared: there only the items tell the applications apart.
    if other != request:
        yield other
    if f":{_ACCOUNT}:" in request.resource:
        yield replace(request, resource=request.resource.replace(_ACCOUNT, "999999999999"))
    if not request.action.startswith(("iam:", "s3:")):
        yield _replaced(request, "eu-west-1", "us-west-2")
    if "iam:passedtoservice" in context:
        yield _with(request, "iam:passedtoservice", "lambda.amazonaws.com")
    if "iam:awsservicename" in context:
        yield _with(request, "iam:awsservicename", "spot.amazonaws.com")
    if "aws:resourcetag/name" in context:
        yield _with(request, "aws:resourcetag/name", "another-vpc")
    yield from _with_another_key(request)
    if request.action in ("iam:CreateRole", "iam:PutRolePolicy"):
        yield _without(request, "iam:permissionsboundary")
    # The tags of the load balancer and of its listener change with the file.
    tags_change = ":listener/" in request.resource or ":loadbalancer/" in request.resource
    for key in context:
        if key.endswith(":createaction") and not tags_change:
            yield _without(request, key)


def _with_another_key(request: Request) -> Iterator[Request]:
    if not request.action.startswith("kms:"):
        return
    for name in ("kms:resourcealiases", "aws:requesttag/cutover:stack", "aws:resourcetag/cutover:stack"):
        if name in request.context:
            yield _with(request, name, "another")


_ACCOUNT = "123456789012"


def _replaced(request: Request, old: str, new: str) -> Request:
    context = {key: tuple(value.replace(old, new) for value in values) for key, values in request.context.items()}
    return Request(request.action, request.resource.replace(old, new), context)


def _with(request: Request, key: str, value: str) -> Request:
    return replace(request, context={**request.context, key: (value,)})


def _without(request: Request, key: str) -> Request:
    return replace(request, context={name: values for name, values in request.context.items() if name != key})


def mutants(documents: Sequence[Document]) -> Iterator[tuple[str, list[Document]]]:
    """Documents with one fault each, and what was changed."""
    for number, document in enumerate(documents):
        for index, statement in enumerate(document["Statement"]):
            for change, changed in _changes(statement):
                statements = list(document["Statement"])
                statements[index : index + 1] = changed
                mutant = [dict(each) for each in documents]
                mutant[number] = {**document, "Statement": statements}
                yield f"{statement['Sid']}: {change}", mutant


def _changes(statement: Document) -> Iterator[tuple[str, list[Document]]]:
    service = str(listed(statement["Action"])[0]).partition(":")[0]
    yield "removed", []
    yield "every action of the service", [{**statement, "Action": [f"{service}:*"]}]
    if "*" not in listed(statement["Resource"]):
        yield "every resource", [{**statement, "Resource": ["*"]}]
    if statement.get("Condition"):
        yield "no condition", [{key: value for key, value in statement.items() if key != "Condition"}]
    text = json.dumps(statement)
    for old, new in (("shop", "other"), ("ecs-tasks.amazonaws.com", "lambda.amazonaws.com")):
        if old in text.replace("cutover:application", ""):
            yield f"{new} for {old}", [_parsed(text.replace(old, new))]


def _parsed(text: str) -> Mapping[str, object]:
    statement: dict[str, object] = json.loads(text)
    return statement
