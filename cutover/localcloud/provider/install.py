"""Installs the provider in the plugin cache of a PULUMI_HOME, in place of AWS's plugin."""

import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path


def install(pulumi_home: Path) -> Path:
    """Write the executable in one step, and return its path.

    The name of the folder has the version of the installed pulumi_aws, the only one that the engine accepts
    (https://www.pulumi.com/docs/iac/concepts/plugins/).
    """
    folder = pulumi_home / "plugins" / f"resource-aws-v{version('pulumi-aws')}"
    executable = folder / "pulumi-resource-aws"
    root = Path(__file__).resolve().parents[3]
    script = (
        "#!/bin/sh\n"
        f'PYTHONPATH={shlex.quote(str(root))} exec {shlex.quote(sys.executable)} -m cutover.localcloud.provider "$@"\n'
    )
    if executable.is_file() and executable.read_text(encoding="utf-8") == script:
        return executable
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".partial-{os.getpid()}"
    partial.write_text(script, encoding="utf-8")
    partial.chmod(0o755)
    partial.replace(executable)
    return executable
