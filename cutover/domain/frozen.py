"""The base class of every recorded value, its canonical JSON, and its SHA-256."""

import hashlib
import json

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that cannot be changed and that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def canonical_json(value: BaseModel) -> str:
    """Canonical JSON of a value: sorted keys, no spaces, UTF-8 not escaped (similar to RFC 8785)."""
    return json.dumps(value.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(value: BaseModel) -> str:
    """SHA-256 of a value's canonical JSON, in lower-case hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
