"""Small episodes for the tests of this folder: one bend, a 160×90 camera, a few simulated seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import carla
import numpy as np
import numpy.typing as npt

from agents.protocol import Agent, Monitor
from agents.registry import make_agent, make_monitor
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.expansion import expand
from harness.campaign.spec import CampaignSpec
from harness.results.schema import EpisodeRecord, check_record, with_standard_columns
from harness.simulation.callback import EpisodeCallback
from harness.simulation.episode import run_episode
from harness.simulation.session import CarlaSession

NO_THRESHOLDS: dict[str, Any] = {"monitors": {}}
BEND = [{"straight_m": 30}, {"radius_m": 50, "angle_deg": 90}, {"straight_m": 30}]
"""A left bend of 50 m radius after 30 m."""
STRAIGHT = [{"straight_m": 200}]
NOISE = {"name": "noise", "effects": [{"effect": "noise", "sigma_dn": 20, "onset_s": 1.0, "ramp_s": 1.0}]}


def episode(
    mode: str = "shadow",
    *,
    monitors: Sequence[str] = (),
    segments: Sequence[Mapping[str, float]] = BEND,
    duration_s: float = 3.0,
    thresholds: dict[str, Any] = NO_THRESHOLDS,
    hashes: Mapping[str, str | None] | None = None,
    **changes: Any,
) -> EpisodeSpec:
    """The only episode of a campaign with these settings; ``hashes``: weights by agent or monitor name."""
    data: dict[str, Any] = {
        "campaign": "small",
        "roads": [{"kind": "curves", "name": "road", "segments": [dict(segment) for segment in segments]}],
        "camera": {"width_px": 160, "height_px": 90},
        "ego": {"v_max_mps": 12.0},
        "conditions": [{"name": "ideal"}],
        "agent": "expert",
        "monitors": list(monitors),
        "modes": [mode],
        "duration_s": duration_s,
    }
    weights = dict(hashes or {}).get
    (spec,) = expand(CampaignSpec.model_validate(data | changes), weights, weights, thresholds)
    return spec


def drive(
    session: CarlaSession,
    spec: EpisodeSpec,
    agent: Agent | None = None,
    monitors: Sequence[Monitor] | None = None,
    callbacks: Sequence[EpisodeCallback] = (),
    thresholds: dict[str, Any] = NO_THRESHOLDS,
) -> EpisodeRecord:
    """Drive a spec; agent and monitors by name unless given. The record is one that the store would take."""
    if agent is None and spec.agent is not None:
        agent = make_agent(spec.agent.name)
    if monitors is None:
        monitors = [make_monitor(monitor.name) for monitor in spec.monitors]
    record = run_episode(session, spec, agent, monitors, thresholds, callbacks)
    check_record(with_standard_columns(record))
    return record


def found(client: carla.Client, kind: str) -> carla.Actor:
    """The first actor of a kind, as a second client sees it once the server's state has reached that client."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        actors = client.get_world().get_actors().filter(kind)
        if len(actors) > 0:
            return actors[0]
        time.sleep(0.01)
    raise LookupError(f"no actor {kind}")


def column(record: EpisodeRecord, name: str) -> npt.NDArray[Any]:
    """One column of the tick table, (N,)."""
    return np.asarray(record.ticks[name].to_numpy())
