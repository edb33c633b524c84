"""The base of every recorded value: frozen, and closed to unknown keys; and its canonical JSON form."""

import hashlib
import json

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes once made and refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def canonical_json(value: BaseModel) -> str:
    """The one JSON text of a value: keys sorted, no spaces, UTF-8 kept (after RFC 8785's idea)."""
    return json.dumps(value.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(value: BaseModel) -> str:
    """Lower-case hexadecimal SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
