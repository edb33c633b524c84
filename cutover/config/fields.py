"""The value types of the configuration: names, durations, counts, and the base class of its sections."""

import re
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

T = TypeVar("T")
Name = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,22}[a-z0-9]$"), Field(examples=["shop"])
]
Version = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,31}$")]
Arn = Annotated[str, StringConstraints(strict=True, pattern=r"^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$")]
PolicyArn = Annotated[
    str, StringConstraints(strict=True, pattern=r"^arn:[a-z-]+:iam::(\d{12}|aws):policy/[\x21-\x7e]+$")
]
RolePath = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^/([\x21-\x2e\x30-\x7e]+/)*$", max_length=512),
    Field(examples=["/cutover/shop/"]),
]
HttpPath = Annotated[str, StringConstraints(strict=True, pattern=r"^/[\x21-\x7e]*$", max_length=1024)]
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h)$")
_URL = re.compile(
    r"(?P<scheme>https?)://(?:[^\s/?#]*@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^\s/?#@:\[\]]+)(?P<port>(?::[1-9]\d{0,4})?)"
    r"(?:[/?#]\S*)?"
)
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> float:
    """Return the seconds of a duration such as `500ms`, `30s`, `10m` or `1h`.

    Raises:
        ValueError: the value is not a number with a unit.
    """
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a number with a unit, such as 500ms, 30s, 10m or 1h")
    return float(match.group(1)) * _UNIT_SECONDS[match.group(2)]


def duration_text(seconds: float) -> str:
    """Return `seconds` as a duration that `parse_duration` reads as the same number."""
    return f"{Decimal(repr(seconds)):f}s"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(duration_text, when_used="json"),
]
Count = Annotated[int, Field(strict=True)]


def origin(url: str) -> str:
    """Return `SCHEME://HOST:PORT` of a URL: the other parts can hold a secret.

    Raises:
        ValueError: the text is not a URL of http or https with a valid host and port.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("is not a URL of http or https with a valid host and port")
    return f"{match['scheme']}://{match['host']}{match['port']}"


def _valid_url(url: str) -> str:
    origin(url)
    return url


Url = Annotated[str, Field(strict=True), AfterValidator(_valid_url)]


class Section(BaseModel):
    """A section of the file. It cannot be changed, and refuses unknown keys and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, allow_inf_nan=False)


def unless(wrong: list[str], value: T) -> T:
    """Return `value` if `wrong` is empty.

    Raises:
        ValueError: there are sentences in `wrong`; the message has all of them.
    """
    if wrong:
        raise ValueError("; ".join(wrong))
    return value
