"""Forwards one request: finds its action, sends it to a target, and answers as an Application Load Balancer does."""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from cutover.localcloud.balancer.rules import RequestAttributes, action_for, choose_group, location_of
from cutover.localcloud.balancer.stickiness import Cookies
from cutover.localcloud.balancer.targets import TargetRegistry
from cutover.localcloud.balancer.topology import (
    Balancer,
    FixedResponse,
    Forward,
    Listener,
    NotSimulated,
    Redirect,
    Target,
    TargetGroup,
    Topology,
)
from cutover.localcloud.balancer.traffic import TrafficMeter

# RFC 9110, 7.6.1: these headers are about one connection and are never forwarded.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
     "trailer", "transfer-encoding", "upgrade"}
)  # fmt: skip
_SMALL_BODY = 64 * 1024  # bytes; a body up to this size is forwarded in one piece, a larger one as a stream
_CONNECT_SECONDS = 10.0  # ALB's limit for the connection to a target


class AddressBook(Protocol):
    """Maps a target's private address to loopback."""

    def resolve(self, ip: str, port: int) -> tuple[str, int] | None:
        """Return the host and port to connect to, or None if no task has this address."""


def client_session(*, keep_alive: bool) -> aiohttp.ClientSession:
    """Return a client that forwards responses unchanged: no redirects, cookies, decompression or added headers."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60) if keep_alive else None
    return aiohttp.ClientSession(
        connector=connector or aiohttp.TCPConnector(limit=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
    )


class Forwarder:
    """Answers the requests of all listeners, on the event loop of the data plane."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        addresses: AddressBook,
        targets: TargetRegistry,
        meter: TrafficMeter,
        topology: Callable[[], Topology],
        rng: random.Random,
    ) -> None:
        self._session = session
        self._addresses = addresses
        self._targets = targets
        self._meter = meter
        self._topology = topology
        self._rng = rng
        self._cookies = Cookies()

    async def answer(self, request: web.BaseRequest, balancer: Balancer, listener: Listener) -> web.StreamResponse:
        """Return the response to a request that arrived at this listener."""
        attributes = _attributes_of(request)
        match action_for(listener, attributes):
            case Forward() as forward:
                return await self._forward(request, balancer, listener, forward)
            case FixedResponse(status, content_type, body):
                return self._respond(balancer, status, body, content_type=content_type)
            case Redirect(status) as redirect:
                location = location_of(
                    redirect,
                    attributes,
                    protocol=listener.protocol,
                    port=listener.port,
                    query=request.rel_url.raw_query_string,
                )
                return self._respond(balancer, status, "", location=location)
            case NotSimulated(kind):
                return self._respond(balancer, 501, f"the local cloud does not simulate the action {kind}")

    async def _forward(
        self, request: web.BaseRequest, balancer: Balancer, listener: Listener, forward: Forward
    ) -> web.StreamResponse:
        sent = request.cookies
        arn = self._cookies.group_of(forward, sent) or choose_group(forward, self._rng)
        group = self._topology().groups.get(arn) if arn else None
        if group is None:
            return self._respond(balancer, 503)
        now = asyncio.get_running_loop().time()
        target = self._targets.acquire(group.arn, now, bound=self._cookies.target_of(group, sent))
        if target is None:
            return self._respond(balancer, 503)
        try:
            cookies = self._cookies.to_set(forward, group, target, sent)
            return await self._send_to_target(request, balancer, listener, group, target, cookies=cookies)
        finally:
            self._targets.release(group.arn, target)

    async def _send_to_target(
        self,
        request: web.BaseRequest,
        balancer: Balancer,
        listener: Listener,
        group: TargetGroup,
        target: Target,
        *,
        cookies: Sequence[str],
    ) -> web.StreamResponse:
        address = self._addresses.resolve(target.ip, target.port)
        if address is None:  # no task has this address: on AWS the connection would time out
            self._meter.target_failed(balancer, group, connection=True)
            return self._respond(balancer, 504)
        began = time.perf_counter()
        try:
            async with self._session.request(
                request.method,
                URL(f"http://{address[0]}:{address[1]}{request.raw_path}", encoded=True),
                headers=_headers_for_target(request, listener),
                data=await _body_of(request),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=balancer.idle_timeout),
            ) as answer:
                seconds = time.perf_counter() - began
                self._meter.answered_by_target(balancer, group, answer.status, seconds)
                return await _relay(request, answer, cookies)
        except aiohttp.ServerTimeoutError:
            self._meter.target_failed(balancer, group, connection=False)
            return self._respond(balancer, 504)
        except aiohttp.ClientConnectorError:
            self._meter.target_failed(balancer, group, connection=True)
            return self._respond(balancer, 502)
        except aiohttp.ClientError:  # closed, reset or malformed in the middle
            self._meter.target_failed(balancer, group, connection=False)
            return self._respond(balancer, 502)

    def _respond(
        self,
        balancer: Balancer,
        status: int,
        body: str | None = None,
        *,
        content_type: str = "text/html",
        location: str | None = None,
    ) -> web.Response:
        """Return a response of the load balancer itself."""
        self._meter.answered_by_balancer(balancer, status)
        text = f"<html><body><center><h1>{status}</h1></center></body></html>" if body is None else body
        headers = {"Server": "awselb/2.0"} | ({"Location": location} if location else {})
        return web.Response(status=status, text=text, content_type=content_type, headers=headers)


def _attributes_of(request: web.BaseRequest) -> RequestAttributes:
    return RequestAttributes(
        method=request.method,
        host=request.headers.get(hdrs.HOST, "").rpartition("]")[2].partition(":")[0].lower(),
        path=request.rel_url.raw_path,
        headers=request.headers,
        query=tuple(request.rel_url.query.items()),
        source_ip=request.remote or "",
    )


def _headers_for_target(request: web.BaseRequest, listener: Listener) -> CIMultiDict[str]:
    """Return the client's headers with those that ALB adds."""
    headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP)
    remote = request.remote or ""
    proxies = headers.get("X-Forwarded-For")
    headers["X-Forwarded-For"] = f"{proxies}, {remote}" if proxies else remote
    headers["X-Forwarded-Proto"] = listener.protocol.lower()
    headers["X-Forwarded-Port"] = str(listener.port)
    if "X-Amzn-Trace-Id" not in headers:
        headers["X-Amzn-Trace-Id"] = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return headers


async def _body_of(request: web.BaseRequest) -> bytes | aiohttp.StreamReader | None:
    if not request.can_read_body:
        return None
    length = request.content_length
    return await request.read() if length is not None and length <= _SMALL_BODY else request.content


async def _relay(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, cookies: Sequence[str]
) -> web.StreamResponse:
    """Send a target's response to the client with our cookies, as a stream unless it is small."""
    headers = CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP)
    headers.extend((hdrs.SET_COOKIE, cookie) for cookie in cookies)
    length = answer.content_length
    if request.method != "HEAD" and length is not None and length <= _SMALL_BODY:
        return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=await answer.read())
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except (aiohttp.ClientError, TimeoutError):
        # The headers are sent already: close the connection as ALB does, so that the client sees the loss.
        if request.transport is not None:
            request.transport.close()
    return response
