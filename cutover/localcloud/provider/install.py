"""Installs the provider in place of AWS's: in the plugin cache of a PULUMI_HOME."""

import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path


def install(pulumi_home: Path) -> Path:
    """Write the executable in one step, and return its path.

    The folder has the version of the installed pulumi_aws: the engine accepts that version only
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
