"""A simulator that dies or loses a picture is the infrastructure's failure, never the driver's."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import carla
import pytest

from harness.simulation.callback import TickView
from harness.simulation.errors import InfrastructureError
from harness.simulation.preparation import prepare
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession
from tests.harness.simulation.episodes import drive, episode, found


class _Killer:
    """Kills the server in mid-episode."""

    def __init__(self, server: SimulatorServer) -> None:
        self._server = server

    def on_tick(self, view: TickView) -> None:
        if view.state.tick == 10:
            assert self._server.pid is not None
            os.kill(self._server.pid, signal.SIGKILL)


def test_a_killed_server_is_an_infrastructure_error(tmp_path: Path) -> None:
    with SimulatorServer(log_dir=tmp_path) as server:
        session = CarlaSession(server.host, server.port, timeout_s=2.0)
        began = time.monotonic()
        with pytest.raises(InfrastructureError, match=r"simulator failed while|no camera image"):
            drive(session, episode(), callbacks=[_Killer(server)])
        assert time.monotonic() - began < 60.0
        assert not server.alive()
        session.close()


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="asking for the version"):
        CarlaSession("127.0.0.1", 9, timeout_s=0.5)


class _StrangeTick:
    """Another client ticks the world, as nobody may: the episode's next picture is of a frame it did not ask for."""

    def __init__(self, server: SimulatorServer, camera_gone: bool) -> None:
        self._client = carla.Client(server.host, server.port)
        self._client.set_timeout(20.0)
        self._camera_gone = camera_gone

    def on_tick(self, view: TickView) -> None:
        if view.state.tick != 5:
            return
        if self._camera_gone:
            found(self._client, "sensor.camera.*").destroy()
        else:
            self._client.get_world().tick(20.0)


def test_a_camera_that_stops_is_an_infrastructure_error(simulator: SimulatorServer) -> None:
    impatient = CarlaSession(simulator.host, simulator.port, timeout_s=1.0)
    with pytest.raises(InfrastructureError, match=r"no camera image of frame \d+ within 1.0 s"):
        drive(impatient, episode(), callbacks=[_StrangeTick(simulator, camera_gone=True)])
    impatient.close()


def test_a_tick_by_somebody_else_does_not_pass_for_one_of_ours(simulator: SimulatorServer) -> None:
    session = CarlaSession(simulator.host, simulator.port, timeout_s=10.0)
    record = drive(session, episode(), callbacks=[_StrangeTick(simulator, camera_gone=False)])
    assert record.outcome == "invalid"
    assert "clock moved 0.1000 s in a tick of 0.05 s" in record.events["message"]
    session.close()


class _Vanish:
    """Another client removes the car in mid-episode."""

    def __init__(self, server: SimulatorServer) -> None:
        self._client = carla.Client(server.host, server.port)
        self._client.set_timeout(20.0)

    def on_tick(self, view: TickView) -> None:
        if view.state.tick == 5:
            found(self._client, "vehicle.*").destroy()


def test_a_car_that_vanishes_makes_the_episode_invalid(simulator: SimulatorServer) -> None:
    session = CarlaSession(simulator.host, simulator.port, timeout_s=20.0)
    record = drive(session, episode(), callbacks=[_Vanish(simulator)])
    assert record.outcome == "invalid" and "ego car is gone" in record.events["message"]
    session.close()


def test_a_car_that_never_came_into_the_world_is_no_episode_yet(simulator: SimulatorServer) -> None:
    session = CarlaSession(simulator.host, simulator.port, timeout_s=20.0)
    prepare(session, episode("expert"), None, ())
    session._car().destroy()
    with pytest.raises(InfrastructureError, match="never came into the simulator's world"):
        session.tick()
    session.close()


def test_a_session_without_a_world_says_so(simulator: SimulatorServer) -> None:
    session = CarlaSession(simulator.host, simulator.port, timeout_s=5.0)
    with pytest.raises(InfrastructureError, match="no world is loaded"):
        session.tick()
    with pytest.raises(InfrastructureError, match="no car is placed"):
        session.apply(0.0, 0.0, 0.0)
    session.close()
