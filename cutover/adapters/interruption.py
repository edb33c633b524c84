"""Told to stop: SIGTERM and SIGINT set one event, on which the clock and the Pulumi engine look."""

import signal
import threading
from types import FrameType


def interruption_by_signals(event: threading.Event) -> threading.Event:
    """`event`, which the first SIGTERM or SIGINT sets; the second ends the process as usual.

    Call it from the main thread: Python allows handlers nowhere else.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        event.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return event
