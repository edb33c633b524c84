"""The loopback port that serves each private address and container port.

Tasks of the local cloud are processes on 127.0.0.1. The agent gives each task a private address of its subnet, as ECS
does, and records here which loopback port serves it. The load balancer's data plane reads it.
"""

from threading import Lock

LOOPBACK = "127.0.0.1"


class AddressBook:
    """Maps a task's private address and container port to a loopback port; thread-safe."""

    __slots__ = ("_lock", "_ports")

    def __init__(self) -> None:
        self._lock = Lock()
        self._ports: dict[str, dict[int, int]] = {}

    def bind(self, ip: str, container_port: int, host_port: int) -> None:
        """Map `ip`:`container_port` to 127.0.0.1:`host_port`, and replace an earlier binding."""
        with self._lock:
            self._ports.setdefault(ip, {})[container_port] = host_port

    def resolve(self, ip: str, port: int) -> tuple[str, int] | None:
        """Return the loopback host and port that serve `ip`:`port`, or None if there are none."""
        with self._lock:
            host_port = self._ports.get(ip, {}).get(port)
        return None if host_port is None else (LOOPBACK, host_port)

    def unbind(self, ip: str) -> None:
        """Remove every port of `ip`. An address that was never bound is not an error."""
        with self._lock:
            self._ports.pop(ip, None)
