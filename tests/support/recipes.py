"""Read the source for the tests of the recipes: the files of a folder, and the imports of a module."""

import ast
from pathlib import Path
from types import ModuleType


def files_beside(module: ModuleType, *, except_for: tuple[str, ...]) -> set[str]:
    """Names of the other modules in the folder of `module` (or in it, where it is a package)."""
    assert module.__file__ is not None
    names = {path.stem for path in Path(module.__file__).parent.glob("*.py")}
    assert names >= set(except_for), "a file that is left out must exist"
    return names - {"__init__", *except_for}


def imports_of(module: ModuleType) -> set[str]:
    """Full names of the modules from which `module` imports."""
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
