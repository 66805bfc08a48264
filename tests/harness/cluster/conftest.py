"""One Ray cluster for the tests of this folder, and something that listens for workers to attach to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cluster.local_ray import local_cluster
from harness.simulation.simulator import Simulator


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    with local_cluster(2) as folder:
        yield folder


@pytest.fixture(scope="module")
def listening() -> Iterator[Simulator]:
    """A simulator to attach to, for executors that never talk to it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                listener.accept()[0].close()
            except OSError:
                return

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield Simulator("attach", endpoints=(("127.0.0.1", listener.getsockname()[1]),))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
