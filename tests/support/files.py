"""A valid `Pulumi.prod.yaml`, and the message that refuses a changed one."""

import pytest

from cutover.config import parse_environment
from cutover.domain.errors import InvalidInput

GOOD = """
config:
  pulumi:disable-default-providers: [aws]
  cutover:application: shop
  cutover:provider: {region: eu-west-1, account_id: "123456789012"}
  cutover:records: {artifact_bucket: shop-artifacts}
  cutover:network:
    vpc_tags: {Name: main}
    load_balancer_subnet_tags: {Tier: public}
    service_subnet_tags: {Tier: private}
  cutover:load_balancer: {plain_http: {reason: "a test that leaves nothing"}}
  cutover:release: {version: v1, image: "shop:v1"}
"""


def refusal(text: str) -> str:
    """The message for a file that is not valid."""
    with pytest.raises(InvalidInput) as caught:
        parse_environment(text, "prod", "Pulumi.prod.yaml")
    return caught.value.message
