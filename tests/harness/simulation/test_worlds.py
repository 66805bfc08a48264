"""A map that is loaded and clean is not loaded again, and nobody can tell from the record."""

from __future__ import annotations

import pytest

from harness.simulation.errors import InfrastructureError
from harness.simulation.server import SimulatorServer
from harness.simulation.session import CarlaSession
from harness.simulation.worlds import NoMarkingsError
from tests.harness.simulation.episodes import drive, episode

OVAL = {"roads": [{"kind": "map", "name": "Oval", "start": {"road_id": 1, "lane_id": -1, "s_m": 5}}]}


def test_an_episode_on_a_loaded_map_is_that_on_a_fresh_one(simulator: SimulatorServer) -> None:
    spec = episode(duration_s=2.0, **OVAL)
    session = CarlaSession(simulator.host, simulator.port, timeout_s=30.0)
    fresh = drive(session, spec)
    loaded = session._active_world().id
    again = drive(session, spec)
    assert session._active_world().id == loaded
    assert fresh.outcome == "completed" and fresh.ticks.equals(again.ticks) and fresh.events == again.events
    drive(session, episode(duration_s=0.5))
    drive(session, spec)
    assert session._active_world().id != loaded, "another world came between"
    session.close()


def test_generated_roads_are_refused_where_they_have_no_markings(
    simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CARLA itself numbers no pictures; that is how the harness knows it."""
    monkeypatch.setattr("harness.simulation.session._scene_version", lambda library: None)
    session = CarlaSession(simulator.host, simulator.port, timeout_s=30.0)
    with pytest.raises(NoMarkingsError, match="draws no lane markings"):
        drive(session, episode())
    assert issubclass(NoMarkingsError, InfrastructureError)
    session.close()
