"""SIGINT in child processes.

A shell without job control starts a background command with SIGINT ignored, `nohup` and some build servers do the same,
and every child inherits it. A test that sends SIGINT to a child must therefore restore it there.
"""

import signal


def restore_sigint() -> None:
    """Give SIGINT its default action; a `preexec_fn` of `subprocess.Popen`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ignore_sigint() -> None:
    """Ignore SIGINT, as a background command starts; a `preexec_fn` of `subprocess.Popen`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
