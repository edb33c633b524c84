"""The kinds of value that the sections of the configuration are made of."""

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

T = TypeVar("T")
Name = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,22}[a-z0-9]$"), Field(examples=["shop"])
]
Version = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,31}$")]
Arn = Annotated[str, StringConstraints(strict=True, pattern=r"^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$")]
HttpPath = Annotated[str, StringConstraints(strict=True, pattern=r"^/[\x21-\x7e]*$", max_length=1024)]
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h)$")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> float:
    """Seconds of a text such as `500ms`, `30s`, `10m` or `1h`; a number without a unit is refused."""
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration is a number with a unit, such as 30s, 10m or 1h")
    return float(match.group(1)) * _UNIT_SECONDS[match.group(2)]


Duration = Annotated[float, BeforeValidator(parse_duration, json_schema_input_type=str)]
Count = Annotated[int, Field(strict=True)]


class Section(BaseModel):
    """A mapping of the file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def unless(wrong: list[str], value: T) -> T:
    """`value`, or ValueError with everything that is wrong with it."""
    if wrong:
        raise ValueError("; ".join(wrong))
    return value
