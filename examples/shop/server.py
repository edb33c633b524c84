"""A small web service that shows which version answered, and that fails on purpose if it is configured to.

Environment variables: HOST and PORT to listen on; VERSION and RELEASE to show; BEHAVIOUR (`good`, `unhealthy`,
`crash`, `errors` or `slow`); ERROR_EVERY (every nth request fails) and SLOW_SECONDS (seconds for each answer).

It uses asyncio's streams because http.server takes too long to import.
"""

import asyncio
import json
import os
import signal
import sys

BEHAVIOURS = ("good", "unhealthy", "crash", "errors", "slow")
CRASH_AFTER_SECONDS = 0.3
SLOW_SECONDS = float(os.environ.get("SLOW_SECONDS", "0.8"))
ERROR_EVERY = int(os.environ.get("ERROR_EVERY", "5"))
IDLE_SECONDS = 75.0
DRAIN_SECONDS = 25.0
REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


class Shop:
    """Answers requests on keep-alive connections until SIGTERM or SIGINT."""

    def __init__(self, version: str, release: str, behaviour: str) -> None:
        self._version = version
        self._release = release
        self._behaviour = behaviour
        self._answered = 0
        self._stopping = False
        self._idle: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self, host: str, port: int) -> None:
        """Listen until SIGTERM or SIGINT, then finish the open requests."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        if self._behaviour == "crash":
            # Before it listens, so that no health check can pass on a busy machine.
            await asyncio.sleep(CRASH_AFTER_SECONDS)
            sys.exit("shop: cannot reach its database: connection refused")
        server = await asyncio.start_server(self._connection, host, port, backlog=512)
        print(f"shop {self._version} listens on {host}:{port}", flush=True)
        await stop.wait()
        server.close()
        self._stopping = True
        for writer in self._idle:
            writer.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=DRAIN_SECONDS)
        print("shop stopped", flush=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (TimeoutError, OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            pass  # the client closed the connection or sent something other than HTTP
        finally:
            self._connections.discard(task)
            self._idle.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; returns whether the connection stays open."""
        self._idle.add(writer)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_SECONDS)).decode("latin-1")
        self._idle.discard(writer)
        request, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, protocol = request.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (e.partition(":") for e in lines)}
        await reader.readexactly(int(headers.get("content-length", "0")))
        status, document = await self._answer(target.partition("?")[0])
        keep = headers.get("connection", "").lower() != "close" and protocol == "HTTP/1.1" and not self._stopping
        body = b"" if method == "HEAD" else json.dumps(document).encode()
        writer.write(self._head(status, len(body), keep=keep) + body)
        await writer.drain()
        return keep

    async def _answer(self, path: str) -> tuple[int, dict[str, object]]:
        if path == "/health":
            if self._behaviour == "unhealthy":
                return 503, {"status": "unhealthy", "version": self._version}
            return 200, {"status": "ok", "version": self._version}
        if path != "/":
            return 404, {"error": "not found", "version": self._version}
        self._answered += 1
        if self._behaviour == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        if self._behaviour == "errors" and self._answered % ERROR_EVERY == 0:
            return 500, {"error": "out of stock", "version": self._version}
        return 200, {"version": self._version, "release": self._release, "pid": os.getpid()}

    def _head(self, status: int, length: int, *, keep: bool) -> bytes:
        return (
            f"HTTP/1.1 {status} {REASONS[status]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
            f"X-Version: {self._version}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
        ).encode("latin-1")


def main() -> None:
    """Serve with the settings of the environment; exits with 2 on an unknown BEHAVIOUR."""
    behaviour = os.environ.get("BEHAVIOUR", "good")
    if behaviour not in BEHAVIOURS:
        print(f"shop: BEHAVIOUR must be one of {', '.join(BEHAVIOURS)}", file=sys.stderr)
        sys.exit(2)
    shop = Shop(os.environ.get("VERSION", "0.0.0"), os.environ.get("RELEASE", ""), behaviour)
    asyncio.run(shop.serve(os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080"))))  # noqa: S104


if __name__ == "__main__":
    main()
