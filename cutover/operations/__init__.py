"""What the verbs of the command line do. An operation reads no arguments and prints nothing."""

from cutover.operations.deploy import deploy, submit, supersede
from cutover.operations.destroy import destroy_environment, destroy_releases, refuse_shared_platform
from cutover.operations.drill import drill
from cutover.operations.gc import collect, releases_to_collect
from cutover.operations.logs import delete_logs, expired_log_groups, follow_logs, read_logs
from cutover.operations.lookup import find_release
from cutover.operations.prepare import Prepared, build_release_manifest, prepare
from cutover.operations.request import has_live_driver, is_paused, request_action
from cutover.operations.resume import abort, abort_by_take_over, continue_pause, resume, work
from cutover.operations.retry import retry
from cutover.operations.rollback import RollbackPreview, preview_rollback, rollback

__all__ = [
    "Prepared",
    "RollbackPreview",
    "abort",
    "abort_by_take_over",
    "build_release_manifest",
    "collect",
    "continue_pause",
    "delete_logs",
    "deploy",
    "destroy_environment",
    "destroy_releases",
    "drill",
    "expired_log_groups",
    "find_release",
    "follow_logs",
    "has_live_driver",
    "is_paused",
    "prepare",
    "preview_rollback",
    "read_logs",
    "refuse_shared_platform",
    "releases_to_collect",
    "request_action",
    "resume",
    "retry",
    "rollback",
    "submit",
    "supersede",
    "work",
]
