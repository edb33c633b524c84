"""The status object, which pipelines read: one execution and the traffic, as plain JSON values."""

from datetime import datetime
from typing import Any

from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Execution, ReleaseRef


def status_object(execution: Execution) -> dict[str, Any]:
    """The status of one execution. Times are ISO 8601 in UTC, weights are percent."""
    step = execution.plan.steps[execution.step_index] if execution.step_index < len(execution.plan.steps) else None
    return {
        "application": execution.application,
        "environment": execution.environment,
        "execution_id": execution.execution_id,
        "purpose": execution.purpose,
        "status": execution.status.value,
        "phase": execution.phase.value,
        "strategy": execution.strategy or execution.plan.strategy,
        "step": {
            "index": execution.step_index,
            "total": len(execution.plan.steps),
            "kind": step.kind if step else None,
        },
        "candidate": _release(execution.candidate),
        "baseline": _release(execution.baseline) if execution.baseline else None,
        "traffic": [t.model_dump(mode="json") for t in execution.traffic],
        "verdicts": [{"gate": v.gate, "verdict": v.verdict.value, "reason": v.reason} for v in execution.verdicts],
        "warnings": list(execution.warnings),
        "error": execution.error.model_dump(mode="json") if execution.error else None,
        "started_at": _time(execution.started_at),
        "updated_at": _time(execution.updated_at),
        "completed_at": _time(execution.completed_at),
    }


def current_status(config: EnvironmentConfig, execution: Execution | None, allocation: Allocation) -> dict[str, Any]:
    """The newest execution with the traffic that is recorded now; its fields are null before the first execution."""
    traffic = [share.model_dump(mode="json") for share in allocation.traffic]
    if execution is not None:
        return {**status_object(execution), "traffic": traffic}
    nothing: dict[str, Any] = dict.fromkeys(
        ("execution_id", "purpose", "status", "phase", "strategy", "step", "candidate", "baseline", "error")
    )
    times: dict[str, Any] = dict.fromkeys(("started_at", "updated_at", "completed_at"))
    named = {"application": config.application, "environment": config.environment}
    return {**named, **nothing, "traffic": traffic, "verdicts": [], "warnings": [], **times}


def _release(ref: ReleaseRef) -> dict[str, str]:
    return {"release": ref.release, "version": ref.version, "digest": ref.digest}


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None
