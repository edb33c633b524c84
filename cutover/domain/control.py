"""What people have requested of a running execution: one versioned item, which its driver reads and never writes."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from pydantic import Field

from cutover.domain.frozen import Frozen

RECENT = 20
"""Number of requests that `Control.recent` keeps for the journal."""


class RequestKind(StrEnum):
    """Kind of a request to a running execution."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    ACCEPT_LIVE = "accept-live"
    RESTORE = "restore"


class Request(Frozen):
    """One request; `version` is the version of the control item that it created, `by` the person or pipeline."""

    version: int = Field(default=0, ge=0)
    kind: RequestKind
    step_index: int
    """Index of the step that the author saw. A promote applies to this step only."""
    by: str
    reason: str = ""
    at: datetime


class Control(Frozen):
    """The requests that apply to one execution. Every write of the execution's head checks `version`.

    An abort stays. A pause stays until a person resumes or promotes. So a request cannot be lost when its driver stops.
    """

    execution_id: str
    version: int = 0
    """Number of the requests that were recorded."""
    abort: Request | None = None
    pause: Request | None = None
    promote: Request | None = None
    promote_full: Request | None = None
    drift: Request | None = None
    """The newest ACCEPT_LIVE or RESTORE."""
    recent: tuple[Request, ...] = ()
    """The last `RECENT` requests, oldest first."""

    def with_request(self, request: Request) -> "Control":
        """The control item after `request`; the item itself if the request changes nothing."""
        if self._has(request):
            return self
        request = request.model_copy(update={"version": self.version + 1})
        recent = (*self.recent, request)[-RECENT:]
        effect = _effect(request, self.pause)
        return self.model_copy(update={"version": request.version, "recent": recent, **effect})

    def after(self, version: int) -> tuple[Request, ...]:
        """The recent requests that are newer than `version`, oldest first."""
        return tuple(request for request in self.recent if request.version > version)

    def _has(self, request: Request) -> bool:
        """Whether the same request is in effect already."""
        match request.kind:
            case RequestKind.ABORT:
                return self.abort is not None
            case RequestKind.PAUSE:
                return self.pause is not None
            case RequestKind.RESUME:
                # It may end a pause that the driver began itself, of which this item knows nothing.
                return False
            case RequestKind.PROMOTE:
                same_step = self.promote is not None and self.promote.step_index == request.step_index
                return same_step and self.pause is None
            case RequestKind.PROMOTE_FULL:
                return self.promote_full is not None and self.pause is None
            case RequestKind.ACCEPT_LIVE | RequestKind.RESTORE:
                return False
            case _:
                assert_never(request.kind)


def _effect(request: Request, pause: Request | None) -> dict[str, Request | None]:
    # A person who promotes an earlier step did not know that somebody paused at a later one, so that pause stays.
    left = pause if pause is not None and pause.step_index > request.step_index else None
    match request.kind:
        case RequestKind.ABORT:
            return {"abort": request}
        case RequestKind.PAUSE:
            return {"pause": request}
        case RequestKind.RESUME:
            return {"pause": None}
        case RequestKind.PROMOTE:
            return {"promote": request, "pause": left}
        case RequestKind.PROMOTE_FULL:
            return {"promote_full": request, "pause": left}
        case RequestKind.ACCEPT_LIVE | RequestKind.RESTORE:
            return {"drift": request}
        case _:
            assert_never(request.kind)
