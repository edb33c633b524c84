"""Translates an API request into what IAM authorizes: actions, resources and condition keys.

An API's name is often not the action's name, and one request may need several actions. Sources: the Service
Authorization Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/), for each service.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from cutover.localcloud.backends import ACCOUNT, REGION, Call, members
from support.permissions.evaluator import Request, Values

Context = dict[str, Values]
_REGIONAL: Context = {"aws:requestedregion": (REGION,)}
_GLOBAL: Context = {"aws:requestedregion": ("us-east-1",)}
# The id of a resource that the request creates.
_NEW = "0" * 16


class World(Protocol):
    """What IAM knows of resources that a request names."""

    def tags(self, identifier: str) -> Mapping[str, str]:
        """The tags of an EC2 resource."""
        ...

    def role(self, name: str) -> tuple[str, str | None]:
        """The ARN of a role, and the ARN of its permissions boundary."""
        ...


def requests_of(call: Call, method: str, query: str, world: World) -> list[Request]:
    """Everything that must be allowed for this call.

    Raises:
        ValueError: no line of this module says what the call needs.
    """
    translate = _SERVICES.get(call.service)
    if translate is None:
        raise ValueError(f"the recorder does not know the service {call.service}")
    if call.service == "s3":
        return _s3(call.path, method, query)
    return translate(call, world)


def arn(service: str, resource: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """An ARN in the local cloud."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def _as_arn(service: str, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else arn(service, f"{kind}{name}")


def _plain(action: str, resource: str = "*", context: Context | None = None) -> list[Request]:
    return [Request(action, resource, {**_REGIONAL, **(context or {})})]


def _unknown(call: Call) -> ValueError:
    return ValueError(f"the recorder does not know {call.service}:{call.action} {call.path}")


def _tagged(tags: Mapping[str, str]) -> Context:
    """The condition keys of the tags in a request."""
    return {
        **{f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()},
        **({"aws:tagkeys": tuple(sorted(tags))} if tags else {}),
    }


def _owned(tags: Mapping[str, str]) -> Context:
    """The condition keys of the tags of a resource."""
    return {f"aws:resourcetag/{key.lower()}": (value,) for key, value in tags.items()}


def _list_tags(entries: object) -> dict[str, str]:
    """Tags as a list of objects, in whichever case the service writes their keys."""
    found: dict[str, str] = {}
    for entry in entries or ():  # type: ignore[attr-defined]
        lower = {key.lower(): value for key, value in entry.items()}
        found[lower["key"]] = lower["value"]
    return found


def _dynamodb(call: Call, world: World) -> list[Request]:
    del world
    fields = call.fields

    def item(action: str, table: str, *keys: Any) -> Request:
        leading = tuple(sorted({key["pk"]["S"] for key in keys}))
        return Request(f"dynamodb:{action}", _table(table), {**_REGIONAL, "dynamodb:leadingkeys": leading})

    match call.action:
        case "GetItem" | "UpdateItem":
            return [item(call.action, fields["TableName"], fields["Key"])]
        case "PutItem":
            return [item(call.action, fields["TableName"], fields["Item"])]
        case "Query":
            name = re.search(r"pk = (:\w+)", fields["KeyConditionExpression"])
            assert name, "a query without a leading key"
            return [item("Query", fields["TableName"], {"pk": fields["ExpressionAttributeValues"][name[1]]})]
        case "BatchGetItem":
            return [item("BatchGetItem", table, *each["Keys"]) for table, each in fields["RequestItems"].items()]
        case "TransactWriteItems":
            names = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
            return [
                item(names.get(kind, "ConditionCheckItem"), part["TableName"], part.get("Key") or part["Item"])
                for each in fields["TransactItems"]
                for kind, part in each.items()
            ]
        case "ListTagsOfResource":
            return _plain("dynamodb:ListTagsOfResource", fields["ResourceArn"])
        case "CreateTable":
            tags = _tagged(_list_tags(fields.get("Tags")))
            tagging = _plain("dynamodb:TagResource", _table(fields["TableName"]), tags) if tags else []
            return [*_plain("dynamodb:CreateTable", _table(fields["TableName"]), tags), *tagging]
        case _:
            return _plain(f"dynamodb:{call.action}", _table(fields["TableName"]))


def _table(name: str) -> str:
    return _as_arn("dynamodb", "table/", name)


def _ec2(call: Call, world: World) -> list[Request]:
    fields, tags = call.fields, _ec2_tags(call.fields)
    if call.action.startswith("Describe"):
        return _plain(f"ec2:{call.action}")
    if call.action == "CreateSecurityGroup":
        group, vpc = arn("ec2", f"security-group/sg-{_NEW}"), fields["VpcId"]
        return [
            *_plain("ec2:CreateSecurityGroup", group, _tagged(tags)),
            *_plain("ec2:CreateSecurityGroup", arn("ec2", f"vpc/{vpc}"), _owned(world.tags(vpc))),
            *_tagging("ec2:CreateTags", "ec2", call.action, group, tags),
        ]
    if call.action.startswith(("Authorize", "Revoke", "DeleteSecurityGroup")):
        group = fields["GroupId"]
        of_group = _plain(f"ec2:{call.action}", arn("ec2", f"security-group/{group}"), _owned(world.tags(group)))
        rule = arn("ec2", f"security-group-rule/sgr-{_NEW}")
        return [*of_group, *_tagging("ec2:CreateTags", "ec2", call.action, rule, tags)]
    if call.action in ("CreateTags", "DeleteTags"):
        (identifier,) = (value for key, value in fields.items() if key.startswith("ResourceId."))
        kind = "security-group-rule" if identifier.startswith("sgr-") else "security-group"
        changed = _tagged(_numbered_tags(fields, "Tag."))
        return _plain(
            f"ec2:{call.action}", arn("ec2", f"{kind}/{identifier}"), {**_owned(world.tags(identifier)), **changed}
        )
    raise _unknown(call)


def _ec2_tags(fields: Mapping[str, str]) -> dict[str, str]:
    return _numbered_tags(fields, "TagSpecification.1.Tag.")


def _numbered_tags(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    numbers = sorted({key.removeprefix(prefix).split(".")[0] for key in fields if key.startswith(prefix)})
    return {fields[f"{prefix}{n}.Key"]: fields.get(f"{prefix}{n}.Value", "") for n in numbers}


def _tagging(action: str, service: str, by: str, resource: str, tags: Mapping[str, str]) -> list[Request]:
    """The permission to tag what `by` creates; none without tags."""
    return _plain(action, resource, {f"{service}:createaction": (by,), **_tagged(tags)}) if tags else []


def _elbv2(call: Call, world: World) -> list[Request]:
    del world
    name, fields, tags = call.action, call.fields, _list_tags(members(call.fields, "Tags"))
    prefix = "elasticloadbalancing"
    if name.startswith("Describe"):
        return _plain(f"{prefix}:{name}")
    match name:
        case "CreateLoadBalancer":
            on = made = arn(prefix, f"loadbalancer/app/{fields['Name']}/{_NEW}")
        case "CreateTargetGroup":
            on = made = arn(prefix, f"targetgroup/{fields['Name']}/{_NEW}")
        case "CreateListener":
            on = fields["LoadBalancerArn"]
            made = on.replace(":loadbalancer/", ":listener/") + f"/{_NEW}"
        case "CreateRule":
            on = fields["ListenerArn"]
            made = on.replace(":listener/", ":listener-rule/") + f"/{_NEW}"
        case "AddTags" | "RemoveTags":
            return _plain(f"{prefix}:{name}", fields["ResourceArns.member.1"], _tagged(tags))
        case _:
            kinds = ("RuleArn", "ListenerArn", "TargetGroupArn", "LoadBalancerArn")
            return _plain(f"{prefix}:{name}", next(fields[kind] for kind in kinds if kind in fields))
    return [
        *_plain(f"{prefix}:{name}", on, _tagged(tags)),
        *_tagging(f"{prefix}:AddTags", prefix, name, made, tags),
    ]


def _ecs(call: Call, world: World) -> list[Request]:  # noqa: C901  one line for each action
    del world
    name, fields, tags = call.action, call.fields, _list_tags(call.fields.get("tags"))
    cluster = _as_arn("ecs", "cluster/", fields.get("cluster") or "default")
    of_cluster: Context = {"ecs:cluster": (cluster,)}

    def service(identifier: str) -> str:
        return _as_arn("ecs", f"service/{cluster.rpartition('/')[2]}/", identifier)

    match name:
        case "ListClusters" | "ListTaskDefinitions" | "DescribeTaskDefinition" | "DeregisterTaskDefinition":
            return _plain(f"ecs:{name}")
        case "ListServices" | "ListTasks":
            return _plain(f"ecs:{name}", "*", of_cluster)
        case "CreateCluster":
            made = arn("ecs", f"cluster/{fields['clusterName']}")
            return [*_plain("ecs:CreateCluster", "*", _tagged(tags)), *_tag_ecs(name, made, tags)]
        case "DescribeClusters":
            return [r for each in fields["clusters"] for r in _plain("ecs:" + name, _as_arn("ecs", "cluster/", each))]
        case "DeleteCluster":
            return _plain("ecs:DeleteCluster", cluster)
        case "CreateService":
            made = service(fields["serviceName"])
            create = _plain("ecs:CreateService", made, {**of_cluster, **_tagged(tags)})
            return [*create, *_tag_ecs(name, made, tags)]
        case "DescribeServices":
            return [r for each in fields["services"] for r in _plain("ecs:" + name, service(each), of_cluster)]
        case "UpdateService" | "DeleteService":
            return _plain(f"ecs:{name}", service(fields["service"]), of_cluster)
        case "DescribeTasks":
            return [r for each in fields["tasks"] for r in _plain("ecs:" + name, each, of_cluster)]
        case "RegisterTaskDefinition":
            made = arn("ecs", f"task-definition/{fields['family']}:1")
            passed = [fields[role] for role in ("taskRoleArn", "executionRoleArn") if role in fields]
            to_tasks: Context = {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}
            return [
                *_plain("ecs:RegisterTaskDefinition", "*", _tagged(tags)),
                *_tag_ecs(name, made, tags),
                *(Request("iam:PassRole", role, {**_REGIONAL, **to_tasks}) for role in passed),
            ]
    raise _unknown(call)


def _tag_ecs(by: str, resource: str, tags: Mapping[str, str]) -> list[Request]:
    return _tagging("ecs:TagResource", "ecs", by, resource, tags)


def _iam(call: Call, world: World) -> list[Request]:
    fields = call.fields
    if call.action == "ListRoles":
        return [Request("iam:ListRoles", "*", _GLOBAL)]
    if call.action == "CreateRole":
        path, tags = fields.get("Path", "/"), _tagged(_list_tags(members(fields, "Tags")))
        boundary = fields.get("PermissionsBoundary")
        role = arn("iam", f"role{path}{fields['RoleName']}", region="")
        create = Request("iam:CreateRole", role, {**_GLOBAL, **_bound(boundary), **tags})
        return [create, *([Request("iam:TagRole", role, {**_GLOBAL, **tags})] if tags else [])]
    role, boundary = world.role(fields["RoleName"])
    return [Request(f"iam:{call.action}", role, {**_GLOBAL, **_bound(boundary)})]


def _bound(boundary: str | None) -> Context:
    return {} if boundary is None else {"iam:permissionsboundary": (boundary,)}


def _logs(call: Call, world: World) -> list[Request]:
    del world
    fields, tags = call.fields, _tagged(call.fields.get("tags") or {})
    if call.action == "DescribeLogGroups":
        return _plain("logs:DescribeLogGroups")
    if call.action == "ListTagsForResource":
        return _plain("logs:ListTagsForResource", fields["resourceArn"])
    # IAM gets the ARN of a log group with an empty log stream.
    group = arn("logs", f"log-group:{fields['logGroupName']}:log-stream:")
    tagging = _plain("logs:TagResource", group, tags) if tags else []
    return [*_plain(f"logs:{call.action}", group, tags), *tagging]


def _ecr(call: Call, world: World) -> list[Request]:
    del world
    fields = call.fields
    tags = _tagged(_list_tags(fields.get("tags")))
    if "resourceArn" in fields:
        return _plain(f"ecr:{call.action}", fields["resourceArn"], tags)
    names = [fields["repositoryName"]] if "repositoryName" in fields else fields["repositoryNames"]
    actions = [call.action, *(["TagResource"] if tags else [])]
    return [
        r for name in names for each in actions for r in _plain(f"ecr:{each}", arn("ecr", f"repository/{name}"), tags)
    ]


# The request's query or, without one, its object → the action: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_BUCKET_PARTS = {
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
}


def _s3(path: str, method: str, query: str) -> list[Request]:
    bucket, _, key = path.removeprefix("/").partition("/")
    resource = f"arn:aws:s3:::{bucket}"
    options = set(parse_qs(query, keep_blank_values=True))
    if key:
        verb = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[method]
        return _plain(f"s3:{verb}", f"{resource}/{key}")
    part = next((name for name in options if name in _BUCKET_PARTS), None)
    if part is not None:
        return _plain(f"s3:{'Put' if method == 'PUT' else 'Get'}{_BUCKET_PARTS[part]}", resource)
    if method == "GET" and "versions" in options:
        return _plain("s3:ListBucketVersions", resource)
    verb = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}[method]
    return _plain(f"s3:{verb}", resource)


def _lambda(call: Call, world: World) -> list[Request]:
    del world
    name = re.search(r"/functions/([^/]+)/invocations$", call.path)
    if name is None:
        raise _unknown(call)
    return _plain("lambda:InvokeFunction", _as_arn("lambda", "function:", name[1]))


def _nothing(call: Call, world: World) -> list[Request]:
    """GetCallerIdentity needs no permission."""
    del world
    if call.action != "GetCallerIdentity":
        raise _unknown(call)
    return []


def _buses(call: Call, world: World) -> list[Request]:
    del world
    buses = sorted({_as_arn("events", "event-bus/", each["EventBusName"]) for each in call.fields["Entries"]})
    return [request for bus in buses for request in _plain("events:PutEvents", bus)]


_SERVICES: dict[str, Callable[[Call, World], list[Request]]] = {
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "ecr": _ecr,
    "ecs": _ecs,
    "elasticloadbalancing": _elbv2,
    "events": _buses,
    "iam": _iam,
    "kms": lambda call, _: _plain(f"kms:{call.action}", arn("kms", f"key/{_NEW}")),
    "lambda": _lambda,
    "logs": _logs,
    "monitoring": lambda call, _: _plain(f"cloudwatch:{call.action}"),
    "s3": lambda call, _: _s3(call.path, "", ""),
    "secretsmanager": lambda call, _: _plain(f"secretsmanager:{call.action}", call.fields["SecretId"]),
    "sns": lambda call, _: _plain(f"sns:{call.action}", call.fields["TopicArn"]),
    "ssm": lambda call, _: _plain(f"ssm:{call.action}"),
    "sts": _nothing,
}
