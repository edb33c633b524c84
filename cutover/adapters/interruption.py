"""SIGTERM and SIGINT set an event, which the clock and the Pulumi engine's adapter check."""

import signal
import threading
from types import FrameType


def interruption_by_signals(event: threading.Event) -> threading.Event:
    """Set `event` at the first SIGTERM or SIGINT; the second one ends the process as usual.

    Call it from the main thread: Python allows signal handlers only there.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        event.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return event
