"""Runs the provider's server: in a process of its own for the engine, or inside a test."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from cutover.localcloud.provider.servicer import Before, Servicer

_THREADS = 32
_MESSAGE_BYTES = 400 * 1024 * 1024  # as the engine allows
_WATCH_PARENT = 1.0  # seconds


@contextmanager
def serve(before: Before | None = None) -> Iterator[int]:
    """Serve the provider, and yield its port for `PULUMI_DEBUG_PROVIDERS=aws:PORT`."""
    server, port = _start(before or _nothing)
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


def run() -> None:
    """Print the port for the engine, and serve until a signal or until the engine has ended."""
    server, port = _start(_nothing)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    parent = os.getppid()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A killed engine leaves its plugins running: stop when the parent of this process changes.
    while not stopping.wait(_WATCH_PARENT) and os.getppid() == parent:
        continue
    server.stop(grace=None).wait()


def _start(before: Before) -> tuple[Any, int]:
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(before), server)
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    return server, port


def _nothing(operation: str, token: str) -> None:
    """Inject no fault."""
    del operation, token
