"""Deploy a release again, from its recorded manifest, after its deployment was rolled back."""

from cutover.domain import Execution, Status
from cutover.domain.errors import Refused
from cutover.operations.deploy import deploy_release
from cutover.ports import Ports


def retry(ports: Ports, execution_id: str | None) -> Execution:
    """Deploy the candidate of the execution `execution_id`, or of the newest one, again.

    Raises:
        Refused: there is no such execution, it was not rolled back, its candidate already has all
            traffic, or another execution is unfinished.
    """
    head = ports.ledger.execution(execution_id) if execution_id else ports.ledger.latest_execution()
    if head is None:
        message = f"there is no execution {execution_id}" if execution_id else "there is no execution yet"
        raise Refused("NO_EXECUTION", message, "cutover history")
    if head.purpose != "deploy" or head.status is not Status.ROLLED_BACK:
        message = f"the execution {head.execution_id} is a {head.purpose} with status {head.status}"
        raise Refused("NOTHING_TO_RETRY", f"{message}; a retry needs a deploy that was rolled back", "cutover history")
    release = ports.ledger.release(head.candidate.release)
    if release is None:
        raise Refused("RELEASE_UNKNOWN", f"the ledger has no release {head.candidate.release}", "cutover releases")
    execution = deploy_release(ports, release)
    if execution is None:
        raise Refused("ALREADY_SERVES", f"{head.candidate.release} already has all traffic", "cutover status")
    return execution
