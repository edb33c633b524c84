"""The Images port in memory."""

from cutover.domain.errors import InvalidInput


class FakeImages:
    """Implements `cutover.ports.Images`: every image exists but those tagged `missing`."""

    def resolve(self, image: str) -> str:
        if image.endswith(":missing"):
            raise InvalidInput("IMAGE_MISSING", f"{image} is not in the registry")
        return f"registry/{image.split(':', maxsplit=1)[0]}@sha256:{'a' * 64}"
