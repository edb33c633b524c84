"""Runs the provider: the engine starts `python -m cutover.localcloud.provider ENGINE_ADDRESS` as its plugin.

The engine waits for it at each command, so it loads Pulumi's protocol without the rest of Pulumi's SDK, which takes a
third of its start, and ends without Python's clean-up.
"""

import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType


def _load_package_only(name: str, path: list[str] | None = None) -> list[str]:
    """Make `name` importable as a package without running its `__init__`; return where its modules are."""
    spec = PathFinder.find_spec(name, path)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"the package {name} is not installed", name=name)
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = package
    return package.__path__


_load_package_only("pulumi.runtime", _load_package_only("pulumi"))

from cutover.localcloud.provider.serving import run  # noqa: E402  it loads pulumi.runtime.proto

run()
sys.stdout.flush()
os._exit(0)
