"""What a person or a pipeline can ask for; rendering is elsewhere."""

from driver.service.ask import ask, is_driven_now, is_held_now
from driver.service.deploy import deploy, submit, supersede
from driver.service.drill import drill
from driver.service.gc import collect, surplus
from driver.service.prepare import Prepared, form, prepare
from driver.service.resume import abort, resume, work
from driver.service.retry import retry
from driver.service.rollback import RollbackPreview, preview_rollback, rollback

__all__ = [
    "Prepared",
    "RollbackPreview",
    "abort",
    "ask",
    "collect",
    "deploy",
    "drill",
    "form",
    "is_driven_now",
    "is_held_now",
    "prepare",
    "preview_rollback",
    "resume",
    "retry",
    "rollback",
    "submit",
    "supersede",
    "surplus",
    "work",
]
