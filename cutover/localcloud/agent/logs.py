"""Sends the output of containers to CloudWatch Logs, as the log driver `awslogs` does."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from moto.logs.models import logs_backends


class LogWriter:
    """Writes to moto's log groups.

    Lines for a group that does not exist are lost, unless `awslogs-create-group` creates it.
    """

    def __init__(self, account: str, region: str) -> None:
        self._logs = logs_backends[account][region]
        self._region = region

    def write(self, definition: Mapping[str, Any], task_id: str, lines: Sequence[str]) -> None:
        """Append `lines` to the stream PREFIX/CONTAINER/TASK of the container's log group."""
        configuration = definition.get("logConfiguration") or {}
        options = configuration.get("options") or {}
        group = options.get("awslogs-group")
        if not lines or configuration.get("logDriver") != "awslogs" or not group:
            return
        if group not in self._logs.groups:
            if options.get("awslogs-create-group") != "true":
                return
            self._logs.create_log_group(group, {})
        stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{definition['name']}/{task_id}"
        if stream not in self._logs.groups[group].streams:
            self._logs.create_log_stream(group, stream)
        now = int(time.time() * 1000)
        # CloudWatch rejects an empty message, so the log driver sends a space.
        self._logs.put_log_events(group, stream, [{"timestamp": now, "message": line or " "} for line in lines])
