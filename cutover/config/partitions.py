"""The ARN partition of a Region."""


def partition(region: str) -> str:
    """Return the ARN partition of a Region: `aws`, `aws-cn` or `aws-us-gov`
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html)."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
