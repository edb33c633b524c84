"""The one HTTP client, against a real server: time-outs, redirects, large bodies, certificates, errors as sentences."""

import datetime as dt
import http.client
import http.server
import ipaddress
import ssl
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cutover.adapters.endpoint import endpoint_status
from cutover.adapters.http import request
from cutover.adapters.probe import HttpProbe
from cutover.domain import ReleaseRef
from cutover.domain.errors import StepFailed, TransientFailure

RELEASE = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)


class Server(http.server.ThreadingHTTPServer):
    """Counts its connections, and keeps the headers of the last request."""

    connections = 0
    headers: dict[str, str]
    release = threading.Event()

    def process_request(self, *arguments: object) -> None:
        self.connections += 1
        super().process_request(*arguments)  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Keeps connections open, as a load balancer does."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.headers = dict(self.headers)
        if self.path == "/moved":
            self._send(302, b"moved", location="/")
        elif self.path == "/stalls":
            self.server.release.wait(20)
        elif self.path == "/drips":
            self._drip()
        elif self.path == "/breaks":
            self.wfile.write(b"no HTTP\r\n\r\n")
            self.close_connection = True
        else:
            self._send(200, b"x" * 100_000)

    def do_POST(self) -> None:
        self._send(200, self.rfile.read(int(self.headers["Content-Length"])))

    def _send(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        try:
            while not self.server.release.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            # The client has closed the connection.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Write no log."""


def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.release = threading.Event()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[Server]:
    """A server with a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "pem").write_bytes(private + certificate.public_bytes(pem))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "pem")
    yield from serving(tls)


def get(url: str, timeout: float = 5.0, **options: int) -> tuple[int, str]:
    response = request("GET", url, timeout_seconds=timeout, **options)  # type: ignore[arg-type]
    return response.status, response.text


def test_a_body_and_headers_are_sent_and_the_answer_comes_back(server: Server) -> None:
    response = request("POST", f"http://{server.address}/", body=b"hello", timeout_seconds=5.0)
    assert (response.status, response.text) == (200, "hello")


def test_a_redirect_is_not_followed(server: Server) -> None:
    assert get(f"http://{server.address}/moved") == (302, "moved")


def test_only_the_limit_is_read_of_a_large_body(server: Server) -> None:
    assert len(get(f"http://{server.address}/", limit_bytes=1000)[1]) == 1000


@pytest.mark.parametrize("path", ["/stalls", "/drips"])
def test_an_answer_that_is_not_complete_in_time_is_a_time_out(server: Server, path: str) -> None:
    with pytest.raises(TransientFailure, match=r"does not answer: no complete response within 0\.3 s"):
        get(f"http://{server.address}{path}", timeout=0.3)


def test_every_request_opens_a_new_connection(server: Server) -> None:
    for _ in range(3):
        get(f"http://{server.address}/")
    assert server.connections == 3
    assert server.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/secret", "http://127.0.0.1:9 does not answer: cannot connect: .*refused"),
        ("http://nobody.invalid/secret", "http://nobody.invalid does not answer: its host name does not resolve"),
    ],
)
def test_an_unreachable_server_is_named_without_the_path_of_the_url(url: str, reason: str) -> None:
    with pytest.raises(TransientFailure, match=reason) as caught:
        get(url)
    assert "secret" not in caught.value.message


def test_an_answer_that_is_not_http_is_transient(server: Server) -> None:
    with pytest.raises(TransientFailure, match="does not answer: ProtocolError"):
        get(f"http://{server.address}/breaks")


@pytest.mark.parametrize(
    "error",
    [
        urllib3.exceptions.LocationParseError,
        urllib3.exceptions.HTTPError,
        http.client.InvalidURL,
        ValueError,
        OSError,
    ],
)
def test_an_error_that_quotes_the_url_is_shown_without_it(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://user:S3CRET-PASSWORD@hooks.example/services/S3CRET-PATH?token=S3CRET%20TOKEN&a=1#S3CRET-FRAGMENT"

    def fail(*_: object, **__: object) -> None:
        raise error(f"{url}: cannot use {url.partition('example')[2]}, /S3CRET-PATH, S3CRET TOKEN and S3CRET-PASSWORD")

    monkeypatch.setattr(urllib3.PoolManager, "request", fail)
    with pytest.raises(TransientFailure, match=r"https://hooks\.example does not answer: ") as caught:
        get(url)
    assert "S3CRET" not in caught.value.message
    assert "S3CRET" not in "".join(traceback.format_exception(caught.value))


def test_a_url_that_is_not_valid_is_refused() -> None:
    with pytest.raises(StepFailed, match="http://…, is not valid"):
        get("http://[nobody/secret")
    with pytest.raises(StepFailed, match=r"URL of the configuration, ://…, is not valid"):
        get("[secret")


def test_a_certificate_that_nobody_trusts_is_refused(tls_server: Server) -> None:
    with pytest.raises(TransientFailure, match="self-signed certificate"):
        get(f"https://{tls_server.address}/")


# The client turns this warning off, but pytest turns it on again.
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_probe_accepts_any_certificate_and_sends_the_releases_header(tls_server: Server) -> None:
    result = HttpProbe(f"https://{tls_server.address}").get(RELEASE, "/", 5.0)
    assert (result.status, result.error) == (200, "")
    assert len(result.body) == 64 * 1024
    assert tls_server.headers["X-Cutover-Release"] == "aaaaaaaa"


def test_an_endpoint_without_a_status_page_is_named(server: Server) -> None:
    with pytest.raises(StepFailed, match="is not a local cloud: its status page answers HTTP 200"):
        endpoint_status(f"http://{server.address}")
    with pytest.raises(TransientFailure, match="does not answer"):
        endpoint_status("http://127.0.0.1:9")
