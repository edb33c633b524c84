"""What a driver that was killed may have left behind without Pulumi knowing its id."""

from driver.adapters.session import Session, aws_errors, error_code
from driver.model import Manifest

_HEADER = "x-cutover-release"


def sweep(session: Session, manifest: Manifest) -> None:
    """Delete the release's test-traffic rule, if one is left.

    An orphan would match the same header before the rule of the release's next creation, and lead to nothing.
    Everything else of a release has a random part in its name or goes with its security group.
    """
    from botocore.exceptions import ClientError

    with aws_errors("DescribeRules"):
        pages = session.elbv2.get_paginator("describe_rules").paginate(ListenerArn=manifest.network.listener_arn)
        found = [
            rule["RuleArn"]
            for page in pages
            for rule in page["Rules"]
            for condition in rule.get("Conditions", [])
            if condition.get("HttpHeaderConfig", {}).get("HttpHeaderName", "").lower() == _HEADER
            and condition.get("HttpHeaderConfig", {}).get("Values") == [manifest.ref.digest8]
        ]
    for arn in found:
        with aws_errors("DeleteRule"):
            try:
                session.elbv2.delete_rule(RuleArn=arn)
            except ClientError as error:
                if error_code(error) != "RuleNotFound":
                    raise
