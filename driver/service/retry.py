"""Retry: the same release again, from its recorded manifest, after a deployment of it was rolled back."""

from driver.errors import Refused
from driver.model import Execution, Status
from driver.service.deploy import deploy_prepared
from driver.service.prepare import prepare_manifest
from driver.world import World


def retry(world: World, execution_id: str | None) -> Execution:
    """Deploy the candidate of that execution (or of the newest) again; raises `Refused` where there is none."""
    head = world.ledger.execution(execution_id) if execution_id else world.ledger.latest_execution()
    if head is None:
        raise Refused("NO_EXECUTION", "there is no such execution", "cutover history")
    if head.purpose != "deploy" or head.status is not Status.ROLLED_BACK:
        message = f"{head.execution_id} is a {head.purpose} that is {head.status}; only a rolled back deploy is retried"
        raise Refused("NOTHING_TO_RETRY", message, "cutover status")
    known = world.ledger.release(head.candidate.release)
    if known is None:
        raise Refused("RELEASE_UNKNOWN", f"the ledger has no release {head.candidate.release}", "cutover releases")
    prepared = prepare_manifest(world, known.manifest, world.stacks.environment())
    if prepared.nothing_to_do:
        raise Refused("ALREADY_SERVES", f"{head.candidate.release} has the traffic already", "cutover status")
    return deploy_prepared(world, prepared)
