"""A web server that keeps each request, and answers as the test sets."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """The server's URL; status, body and headers of its answers; bodies and headers of the requests that it got."""

    url: str = ""
    status: int = 200
    answer: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def receiving(path: str = "/hook?a=1") -> Iterator[Receiver]:
    """A receiver at `path` while the context is open."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.requests.append(dict(self.headers))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            answer = receiver.answer
            self.wfile.write(answer.encode() if isinstance(answer, str) else answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_port}{path}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
