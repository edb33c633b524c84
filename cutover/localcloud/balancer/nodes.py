"""The two nodes of a load balancer: the second one gets a change of the listener later than the first.

AWS's nodes get new rules and weights one after the other, within seconds. A connection stays on its node.
"""

from collections import deque

from cutover.localcloud.balancer.topology import Listener


class Nodes:
    """What each of the two nodes knows of one listener; times are seconds of one monotonic clock."""

    def __init__(self, listener: Listener) -> None:
        self._first = self._second = listener
        self._coming: deque[tuple[float, Listener]] = deque()

    def change(self, listener: Listener, now: float, lag: float) -> None:
        """Give the listener to the first node now, and to the second one after `lag` seconds."""
        if listener != self._first:
            self._first = listener
            self._coming.append((now + lag, listener))

    def listener_of(self, client_port: int, now: float) -> Listener:
        """Return the listener as the node of a connection knows it."""
        while self._coming and self._coming[0][0] <= now:
            self._second = self._coming.popleft()[1]
        # Linux gives clients even ports, so that the parity of a port would choose the same node for all.
        return self._first if client_port // 2 % 2 == 0 else self._second
