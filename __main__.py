"""What `pulumi up` runs: the program of the selected stack."""

from pathlib import Path

import pulumi

from cutover.config import load_environment
from cutover.programs.environment import environment_program
from cutover.programs.release import release_program
from cutover.programs.render import load_release


def main() -> None:
    """Run the program of a release if the stack's file was rendered for one, else the program of an environment."""
    stack, project = pulumi.get_stack(), Path(__file__).resolve().parent
    if pulumi.Config("cutover").get("kind") == "release":
        release_program(*load_release(project / f"Pulumi.{stack}.yaml"))
        return
    from cutover.composition import open_ledger

    config = load_environment(project, stack)
    # This fails if the records cannot be read, so a manual `pulumi up` never changes traffic.
    environment_program(config, open_ledger(config).allocation())


main()
