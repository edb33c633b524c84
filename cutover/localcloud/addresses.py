"""Where the private addresses of tasks really are: each (address, container port) stands for a loopback port.

Tasks of the local cloud are processes on 127.0.0.1. The agent gives each one a private address of its subnet,
as ECS does, and writes down here which loopback port answers for it; the load balancer's data plane reads it.
"""

from threading import Lock

LOOPBACK = "127.0.0.1"


class AddressBook:
    """Maps a task's private address and container port to the loopback address that answers for it."""

    __slots__ = ("_lock", "_ports")

    def __init__(self) -> None:
        self._lock = Lock()
        self._ports: dict[str, dict[int, int]] = {}

    def bind(self, ip: str, container_port: int, host_port: int) -> None:
        """Let 127.0.0.1:`host_port` answer for `ip`:`container_port`, in place of any earlier binding."""
        with self._lock:
            self._ports.setdefault(ip, {})[container_port] = host_port

    def resolve(self, ip: str, port: int) -> tuple[str, int] | None:
        """Return the loopback host and port that answer for `ip`:`port`, or None where nothing does."""
        with self._lock:
            host_port = self._ports.get(ip, {}).get(port)
        return None if host_port is None else (LOOPBACK, host_port)

    def unbind(self, ip: str) -> None:
        """Forget every port of `ip`; an address that was never bound is no error."""
        with self._lock:
            self._ports.pop(ip, None)
