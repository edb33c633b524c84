"""Hide the values of secret environment variables in a text that is recorded or printed."""

from collections.abc import Mapping

_SECRET_NAMES = ("SECRET", "TOKEN", "PASSWORD", "PASSPHRASE", "KEY")
_SHORTEST_SECRET = 8  # characters; a shorter value would also hide ordinary words


def without_secrets(text: str, variables: Mapping[str, str], *names: str) -> str:
    """`text` with `[NAME]` in place of the value of each variable in `names` or with a name that suggests a secret."""
    for name, value in variables.items():
        secret = name in names or any(word in name.upper() for word in _SECRET_NAMES)
        if secret and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, f"[{name}]")
    return text
