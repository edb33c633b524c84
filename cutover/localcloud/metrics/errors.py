"""The errors of CloudWatch's API."""


class CloudWatchError(Exception):
    """An error with AWS's code and HTTP status; `query_code` is the code in the query protocol."""

    def __init__(self, code: str, message: str, *, query_code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.query_code = query_code or code
        self.status = status


def invalid(message: str) -> CloudWatchError:
    """ValidationError: the request is not valid."""
    return CloudWatchError("ValidationError", message)


def bad_value(message: str) -> CloudWatchError:
    """InvalidParameterValue: CloudWatch rejects the value of a parameter."""
    return CloudWatchError("InvalidParameterValueException", message, query_code="InvalidParameterValue")


def missing(message: str) -> CloudWatchError:
    """MissingParameter: a required parameter is missing."""
    return CloudWatchError("MissingRequiredParameterException", message, query_code="MissingParameter")


def not_found(message: str) -> CloudWatchError:
    """ResourceNotFound: the alarm does not exist."""
    return CloudWatchError("ResourceNotFound", message, status=404)
