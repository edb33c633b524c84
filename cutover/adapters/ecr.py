"""The Images port: Amazon ECR says which digest a tag has now."""

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import InvalidInput


class EcrImages:
    """Implements `cutover.ports.Images`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def resolve(self, image: str) -> str:
        """`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…` of `NAME:TAG` or `NAME@sha256:…`.

        Raises:
            InvalidInput: there is no such repository or image.
        """
        from botocore.exceptions import ClientError

        name, at, digest = image.partition("@")
        name, _, tag = (name, "", "") if at else image.rpartition(":")
        ecr = self._session.ecr
        with aws_errors("DescribeImages"):
            try:
                repository = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
                found = ecr.describe_images(
                    repositoryName=name, imageIds=[{"imageDigest": digest} if at else {"imageTag": tag}]
                )["imageDetails"]
            except ClientError as error:
                if error_code(error) not in ("RepositoryNotFoundException", "ImageNotFoundException"):
                    raise
                raise _missing(image) from error
        if not found:
            raise _missing(image)
        return f"{repository['repositoryUri']}@{found[0]['imageDigest']}"


def _missing(image: str) -> InvalidInput:
    return InvalidInput("IMAGE_MISSING", f"the registry has no image {image}", "push the image, or mend release.image")
