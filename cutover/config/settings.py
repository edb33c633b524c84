"""The settings that judge an execution, as its record pins them: gates, hooks, strategy, retention and `on_drift`.

A resume judges by them, and not by the file that it finds. The URL of a webhook and the address of a Prometheus server
can hold a secret. The record has only their origin and SHA-256; the URL itself comes from the file.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, ValidationError

from cutover.config.fields import Section, origin
from cutover.config.gates import GateName, Gates
from cutover.config.hooks import HookConfig
from cutover.config.schema import EnvironmentConfig, Retention
from cutover.config.strategy import StrategyConfig
from cutover.domain.errors import Refused
from cutover.domain.frozen import canonical_text

_Document = dict[str, object]


class _Settings(Section):
    """The pinned sections of the configuration."""

    strategy: StrategyConfig
    gates: Gates
    hooks: dict[GateName, HookConfig] = Field(max_length=50)
    retention: Retention
    on_drift: Literal["stop", "restore"]


@dataclass(frozen=True, slots=True)
class _Url:
    """One URL in the settings of a hook or a gate: `holder[key]`; `section[name]` is the hook or gate."""

    kind: Literal["hook", "gate"]
    name: str
    section: _Document
    holder: _Document
    key: str

    @property
    def value(self) -> object:
        return self.holder.get(self.key)


def pinned_settings(config: EnvironmentConfig) -> str:
    """The settings of an execution as canonical JSON, without secrets."""
    document = _dump(config)
    for url in _urls(document):
        url.holder[url.key] = {"origin": origin(str(url.value)), "sha256": _sha256(str(url.value))}
    return canonical_text(document)


def settings_hash(settings: str) -> str:
    """SHA-256 of pinned settings in lower-case hexadecimal."""
    return _sha256(settings)


def with_settings(config: EnvironmentConfig, settings: str) -> EnvironmentConfig:
    """The configuration of the file, with the pinned settings in place of the file's.

    Raises:
        Refused: the file no longer has a URL of the settings (SETTINGS_CHANGED), or this version of cutover cannot read
            the settings (CORRUPT_SETTINGS).
    """
    document = _parse(settings)
    for missing in _fill_in(document, config):
        raise _changed(missing, config.environment)
    return _validated(config, document)


def with_settings_on_the_way_back(config: EnvironmentConfig, settings: str) -> EnvironmentConfig:
    """The same for a rollback, which no edit of the file may stop: it never raises an error.

    A hook or a gate whose URL is no longer in the file is left out. The file's settings replace unreadable ones.
    """
    try:
        document = _parse(settings)
        for missing in _fill_in(document, config):
            del missing.section[missing.name]
        return _validated(config, document)
    except Refused:
        return config


def _dump(config: EnvironmentConfig) -> _Document:
    return config.model_dump(mode="json", include=set(_Settings.model_fields))


def _parse(settings: str) -> _Document:
    try:
        document: object = json.loads(settings)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _unreadable("they are not a JSON object")
    return document


def _fill_in(document: _Document, config: EnvironmentConfig) -> tuple[_Url, ...]:
    """Put the URLs of the file in the place of their hashes; returns those that the file does not have."""
    known = {_sha256(str(url.value)): str(url.value) for url in _urls(_dump(config))}
    missing = []
    for url in tuple(_urls(document)):
        pinned = url.value
        address = known.get(str(pinned.get("sha256"))) if isinstance(pinned, dict) else None
        if address is None:
            missing.append(url)
        else:
            url.holder[url.key] = address
    return tuple(missing)


def _validated(config: EnvironmentConfig, document: _Document) -> EnvironmentConfig:
    try:
        settings = _Settings.model_validate(document)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_input=False))
        # pydantic's error holds its input, and so the URLs.
        raise _unreadable(f"unknown or wrong: {places}") from None
    return config.model_copy(update={name: getattr(settings, name) for name in _Settings.model_fields})


def _urls(document: _Document) -> Iterator[_Url]:
    hooks, gates = document.get("hooks"), document.get("gates")
    metrics = gates.get("metrics") if isinstance(gates, dict) else None
    yield from _urls_in("hook", hooks, "webhook", "url")
    yield from _urls_in("gate", metrics, "prometheus", "address")


def _urls_in(kind: Literal["hook", "gate"], section: object, part: str, key: str) -> Iterator[_Url]:
    for name, entry in section.items() if isinstance(section, dict) else ():
        holder = entry.get(part) if isinstance(entry, dict) else None
        if isinstance(section, dict) and isinstance(holder, dict):
            yield _Url(kind, name, section, holder, key)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _changed(url: _Url, environment: str) -> Refused:
    pinned = url.value
    host = pinned.get("origin") if isinstance(pinned, dict) else None
    message = (
        f"the {url.kind} {url.name} called another URL at {host or 'an unknown host'} when this execution started; "
        f"put that URL back into Pulumi.{environment}.yaml and resume, or abort the execution"
    )
    return Refused("SETTINGS_CHANGED", message, "cutover resume")


def _unreadable(reason: str) -> Refused:
    message = (
        f"this version of cutover cannot read the settings of this execution ({reason}); continue with the version "
        "that wrote them, or abort the execution"
    )
    return Refused("CORRUPT_SETTINGS", message, "cutover abort")
