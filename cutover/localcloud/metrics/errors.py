"""The errors of CloudWatch's API that the local cloud answers."""


class CloudWatchError(Exception):
    """An answer with an AWS error code; `query_code` is its older name, which clients compare with."""

    def __init__(self, code: str, message: str, *, query_code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.query_code = query_code or code
        self.status = status


def invalid(message: str) -> CloudWatchError:
    """ValidationError: the request cannot be understood."""
    return CloudWatchError("ValidationError", message)


def bad_value(message: str) -> CloudWatchError:
    """InvalidParameterValue: a parameter has a value that CloudWatch refuses."""
    return CloudWatchError("InvalidParameterValueException", message, query_code="InvalidParameterValue")


def missing(message: str) -> CloudWatchError:
    """MissingParameter: a parameter that must be given is not."""
    return CloudWatchError("MissingRequiredParameterException", message, query_code="MissingParameter")


def not_found(message: str) -> CloudWatchError:
    """ResourceNotFound: an alarm that does not exist."""
    return CloudWatchError("ResourceNotFound", message, status=404)
