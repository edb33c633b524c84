"""`cutover release render`: write the stack file of the configured release, for a plain `pulumi up`."""

import json
import os
import shlex

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.config import EnvironmentConfig
from cutover.config.state import PASSPHRASE, SERVICE, state_store
from cutover.operations import build_release_manifest


def run(context: Context) -> int:
    """Write Pulumi.RELEASE.yaml next to Pulumi.ENV.yaml, and print the commands that create the stack."""
    from cutover.programs.render import render_release

    ports = ports_to_read(context)
    manifest, _ = build_release_manifest(ports)
    ref = manifest.ref
    text, release = render_release(ports.config, manifest, ref), ref.release
    path = context.project / f"Pulumi.{release}.yaml"
    path.write_text(text, encoding="utf-8")
    commands = commands_for(ports.config, release)
    if context.json:
        print(json.dumps({"file": str(path), "release": ref.model_dump(mode="json"), "commands": commands}))
    else:
        print(f"✔ wrote {path}\n  next: {' && '.join(commands)}")
    return 0


def commands_for(config: EnvironmentConfig, release: str) -> list[str]:
    """The commands that create the release's stack. A stack whose secrets a key encrypts needs the key at its start."""
    provider = state_store(config, os.environ).secrets_provider
    key = "" if provider in (PASSPHRASE, SERVICE) else f" --secrets-provider {shlex.quote(provider)}"
    return [f"pulumi stack init {release}{key}", f"pulumi up -s {release}"]
