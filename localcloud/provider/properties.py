"""Which inputs a type has, read from the installed pulumi_aws: it is generated from the real plugin's schema.

Its sources are read and not imported: importing it takes longer than all else that a provider does at its start.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path

_GETTER = re.compile(r'@pulumi\.getter(?:\(name="(?P<name>\w+)"\))?\n    def (?P<python>\w+)\(self\)')


@cache
def input_names(token: str) -> frozenset[str] | None:
    """Names of all inputs of a type token such as `aws:ecs/cluster:Cluster`; None where pulumi_aws has no such type."""
    package, _, kind = token.removeprefix("aws:").rpartition(":")
    folder = _sources() / package.partition("/")[0]
    # Where another type of the schema is called `…Args` already, the generator says `…InitArgs`.
    declarations = (f"class {kind}Args:\n", f"class {kind}InitArgs:\n")
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        declaration = next((d for d in declarations if d in text), None)
        if declaration is not None and f"'aws:{package}:{kind}'" in text:
            body = text.partition(declaration)[2].partition("\n@pulumi.input_type")[0].partition("\nclass ")[0]
            return frozenset(found["name"] or found["python"] for found in _GETTER.finditer(body))
    return None


def _sources() -> Path:
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pulumi_aws is not installed")
    return Path(spec.origin).parent
