"""A run of Pulumi's engine, as it is recorded: it tells a lock of our own from a lock of a person."""

from cutover.domain.frozen import Frozen


class EngineRun(Frozen):
    """The process that updates a stack."""

    host: str
    pid: int
    boot_id: str
    """Id of the kernel's run. Two containers of one machine have the same; empty where there is no /proc."""
    pid_namespace: str
    """Identifies the process ids of a container; empty where there is no /proc."""


class EngineRuns(Frozen):
    """The last runs that updated a stack, the newest last. Each may have been killed, and have left its lock."""

    runs: tuple[EngineRun, ...] = ()
