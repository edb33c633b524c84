"""`cutover release render`: the file with which plain `pulumi up` creates the very release that a deploy would."""

import json

from driver.cli.common import watched_world
from driver.cli.context import Context
from driver.service import form


def run(context: Context) -> int:
    """Writes Pulumi.RELEASE.yaml beside Pulumi.ENV.yaml, and says so."""
    from programs.render import render_release

    with watched_world(context) as world:
        manifest, _ = form(world)
        text = render_release(world.config, manifest)
    release = manifest.ref.release
    path = context.project / f"Pulumi.{release}.yaml"
    path.write_text(text, encoding="utf-8")
    if context.json:
        print(json.dumps({"file": str(path), "release": manifest.ref.model_dump(mode="json")}))
    else:
        print(f"✔ {path}\n  next: pulumi stack init {release} && pulumi up -s {release}")
    return 0
