"""The resource type of the association of a web ACL with a load balancer."""

from cutover.localcloud.provider.resource_type import Client, Shape, error_code
from cutover.localcloud.provider.values import Properties

_MISSING = "WAFNonexistentItemException"


class WebAclAssociation:
    """The web ACL of a resource; its id is WEB-ACL-ARN,RESOURCE-ARN."""

    shape = Shape(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        replaces=frozenset({"resourceArn", "webAclArn"}),
        delete_first=True,  # a resource has one web ACL
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        aws("wafv2").associate_web_acl(WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
        return f"{inputs['webAclArn']},{inputs['resourceArn']}"

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        del inputs
        resource = identifier.partition(",")[2]
        try:
            acl = aws("wafv2").get_web_acl_for_resource(ResourceArn=resource).get("WebACL")
        except Exception as error:
            if error_code(error) == _MISSING:
                return None
            raise
        return {"webAclArn": acl["ARN"], "resourceArn": resource} if acl else None

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """Do nothing: every change is a replacement."""

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del identifier
        try:
            aws("wafv2").disassociate_web_acl(ResourceArn=state["resourceArn"])
        except Exception as error:
            if error_code(error) != _MISSING:
                raise
