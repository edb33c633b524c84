"""SIGTERM and SIGINT set an event, which the clock and the Pulumi engine's adapter check; then the process ends."""

import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

from cutover.domain.errors import Exit

FIRST_SIGNAL, SECOND_SIGNAL = threading.Event(), threading.Event()
"""Set at the first and the second SIGTERM or SIGINT of this process. At the second, what still runs is killed."""
END_SECONDS = 10.0
"""Time from the end of the engine to the end of an interrupted process."""


def interruption_by_signals(event: threading.Event) -> threading.Event:
    """Set `event` at the first SIGTERM or SIGINT; the second kills the engine, and the third ends the process at once.

    Call it from the main thread: Python allows signal handlers only there.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        if SECOND_SIGNAL.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        (SECOND_SIGNAL if FIRST_SIGNAL.is_set() else FIRST_SIGNAL).set()
        event.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return event


def end_interrupted_process() -> None:
    """After a signal: end this process with code 130 within `END_SECONDS`. Call it when the engine has ended."""
    if FIRST_SIGNAL.is_set():
        end_process_soon(Exit.INTERRUPTED)


def end_process_soon(code: int, seconds: float = END_SECONDS) -> None:
    """End this process with `code` after `seconds`, if it has not ended by itself.

    Python joins all threads before it exits, and the thread of a Pulumi program whose engine has died can wait for it
    for ever, with one core at 100 %.
    """

    def end() -> None:
        threading.Event().wait(seconds)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # the reader has closed the pipe, or Python the stream
                stream.flush()
        os._exit(code)

    threading.Thread(target=end, name="end-process", daemon=True).start()
