"""One real server process and one real client session of it."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
import torch

from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorServer]:
    """The embedded server; the first start on a machine compiles its kernels."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with SimulatorServer(log_dir=tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def session(simulator: SimulatorServer) -> Iterator[CarlaSession]:
    """A client that survives the compilation of the kernels in the first world."""
    connected = CarlaSession(simulator.host, simulator.port, timeout_s=120.0)
    yield connected
    connected.close()
