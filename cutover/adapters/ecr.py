"""The Images port: looks up the digest of an image in Amazon ECR."""

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import InvalidInput


class EcrImages:
    """Implements `cutover.ports.Images`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def resolve(self, image: str) -> str:
        """`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…` for `NAME:TAG` or `NAME@sha256:…`.

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
                images = ecr.describe_images(
                    repositoryName=name, imageIds=[{"imageDigest": digest} if at else {"imageTag": tag}]
                )["imageDetails"]
            except ClientError as error:
                if error_code(error) not in ("RepositoryNotFoundException", "ImageNotFoundException"):
                    raise
                raise _missing(image) from error
        if not images:
            raise _missing(image)
        return f"{repository['repositoryUri']}@{images[0]['imageDigest']}"


def _missing(image: str) -> InvalidInput:
    message = f"the registry has no image {image}; push it, or correct release.image"
    repository = image.partition("@")[0].partition(":")[0]
    return InvalidInput("IMAGE_MISSING", message, f"aws ecr describe-images --repository-name {repository}")
