"""What a person or a pipeline can ask for; rendering is elsewhere."""

from cutover.operations.deploy import deploy, submit, supersede
from cutover.operations.drill import drill
from cutover.operations.gc import collect, surplus
from cutover.operations.prepare import Prepared, build_release_manifest, prepare
from cutover.operations.request import is_driven_now, is_held_now, request_action
from cutover.operations.resume import abort, resume, work
from cutover.operations.retry import retry
from cutover.operations.rollback import RollbackPreview, preview_rollback, rollback

__all__ = [
    "Prepared",
    "RollbackPreview",
    "abort",
    "build_release_manifest",
    "collect",
    "deploy",
    "drill",
    "is_driven_now",
    "is_held_now",
    "prepare",
    "preview_rollback",
    "request_action",
    "resume",
    "retry",
    "rollback",
    "submit",
    "supersede",
    "surplus",
    "work",
]
