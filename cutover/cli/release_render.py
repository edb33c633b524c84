"""`cutover release render`: write the stack file of the configured release, for a plain `pulumi up`."""

import json

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.operations import build_release_manifest


def run(context: Context) -> int:
    """Write Pulumi.RELEASE.yaml next to Pulumi.ENV.yaml."""
    from cutover.programs.render import render_release

    ports = ports_to_read(context)
    manifest, _ = build_release_manifest(ports)
    ref = manifest.ref
    text, release = render_release(ports.config, manifest, ref), ref.release
    path = context.project / f"Pulumi.{release}.yaml"
    path.write_text(text, encoding="utf-8")
    if context.json:
        print(json.dumps({"file": str(path), "release": ref.model_dump(mode="json")}))
    else:
        print(f"✔ wrote {path}\n  next: pulumi stack init {release} && pulumi up -s {release}")
    return 0
