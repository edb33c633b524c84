"""The Images port: looks up the digest of an image in Amazon ECR."""

from typing import TYPE_CHECKING

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.config.image import Repository, repository_of
from cutover.domain.errors import InvalidInput

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef


class EcrImages:
    """Implements `cutover.ports.Images`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def resolve(self, image: str) -> str:
        """`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…` for an image with a tag or a digest.

        Raises:
            InvalidInput: there is no such repository or image.
            PreflightFailed: the repository is in another account, and its policy does not allow the call.
        """
        from botocore.exceptions import ClientError

        repository = repository_of(image, self._session.provider)
        digest = image.partition("@")[2]
        wanted: ImageIdentifierTypeDef = {"imageDigest": digest} if digest else {"imageTag": image.rpartition(":")[2]}
        with aws_errors(f"DescribeImages of {repository.arn}"):
            try:
                images = self._session.ecr_in(repository.region).describe_images(
                    registryId=repository.account_id, repositoryName=repository.name, imageIds=[wanted]
                )["imageDetails"]
            except ClientError as error:
                if error_code(error) not in ("RepositoryNotFoundException", "ImageNotFoundException"):
                    raise
                raise _missing(image, repository) from error
        if not images:
            raise _missing(image, repository)
        return f"{repository.uri}@{images[0]['imageDigest']}"


def _missing(image: str, repository: Repository) -> InvalidInput:
    message = f"the registry has no image {image}; push it, or correct release.image"
    place = f"--registry-id {repository.account_id} --region {repository.region}"
    hint = f"aws ecr describe-images --repository-name {repository.name} {place}"
    return InvalidInput("IMAGE_MISSING", message, hint)
