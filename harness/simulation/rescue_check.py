"""A takeover that is really driven, to be held against the rescue map: camera, agent, alarm, supervisor, all of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.monitors.base import MonitorBase
from agents.protocol import Agent, AgentOutput, DrivingState, Frame, MonitorOutput
from harness.campaign.episode_spec import ComponentSpec, EpisodeSpec, ModeSpec, TakeoverSpec, ThresholdSpec
from harness.evaluation.alarms import DEBOUNCE_S
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts, facts_of
from harness.evaluation.safety_gain import PairOutcome, judge_pair
from harness.evaluation.stretches import ticks_at_least
from harness.simulation.callback import EpisodeCallback
from harness.simulation.episode import run_episode
from harness.simulation.session import CarlaSession

NEAR_S = 2.0
LONGER_S = 60.0
"""The clock of the campaign must not end the run before the place of the departure is passed."""


class AlarmFrom(MonitorBase):
    """Raises its alarm so that it takes effect at one tick, and never lowers it."""

    name = "planned"
    unit = "1"

    def __init__(self, effective_tick: int, tick_s: float) -> None:
        self._from_tick = effective_tick - (ticks_at_least(DEBOUNCE_S, tick_s) - 1)

    def score(self, frame: Frame, agent_output: AgentOutput, state: DrivingState) -> MonitorOutput:
        """1 from the planned tick on, less the debounce; any mean of it above 0 is an alarm."""
        return MonitorOutput(score=float(state.tick >= self._from_tick))


def planned_handover(onset_tick: int, last_safe: int | None, tick_s: float, seed: int) -> int:
    """A random handover tick within 2 s of t* (without t*: within the 10 s before τ), early enough for the debounce."""
    near = ticks_at_least(NEAR_S if last_safe is not None else 5 * NEAR_S, tick_s)
    middle = onset_tick if last_safe is None else last_safe
    earliest = max(ticks_at_least(DEBOUNCE_S, tick_s) - 1, middle - near)
    return int(np.random.default_rng(seed).integers(earliest, min(onset_tick, middle + near), endpoint=True))


def drive_takeover(
    session: CarlaSession,
    spec: EpisodeSpec,
    shadow: EpisodeFacts,
    agent: Agent,
    handover_tick: int,
    takeover: TakeoverSpec,
    callbacks: Sequence[EpisodeCallback] = (),
) -> PairOutcome:
    """Drive the twin of a shadow run whose takeover driver has the wheel from one tick on, to the end.

    Args:
        session: connected to a simulator.
        spec, shadow: of the run that departed. agent: that drove it.
        handover_tick: first tick the driver steers, at least the alarm's debounce.
        takeover: settings of the driver.
        callbacks: see every tick.

    Raises:
        InfrastructureError: the simulator failed.
    """
    alarm = AlarmFrom(handover_tick, spec.tick_s)
    twin = spec.model_copy(
        update={
            "episode_id": f"{spec.episode_id}-{handover_tick}",
            "duration_s": spec.duration_s + LONGER_S,
            "mode": ModeSpec(kind="takeover", monitor=alarm.name),
            "monitors": (ComponentSpec(name=alarm.name, weights_sha256=None),),
            "thresholds": ThresholdSpec(theta_on=0.0, theta_off=0.0),
            "takeover": takeover.model_copy(update={"reaction_s": 0.0}),
        }
    )
    record = run_episode(session, twin, agent, [alarm], {"monitors": {}}, callbacks)
    driven = EpisodeData.of_frames(record.spec, record.ticks.to_pandas(), record.events)
    return judge_pair(shadow, facts_of(driven))
