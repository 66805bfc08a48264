"""The last-safe-takeover time on the real server, against takeovers that are really driven."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from agents.protocol import Agent, AgentOutput, Observation
from harness.campaign.episode_spec import EpisodeSpec, TakeoverSpec
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts, facts_of
from harness.simulation.replay import RecordedRun, Replay
from harness.simulation.rescue import dense_grid, last_safe_tick, map_departure
from harness.simulation.rescue_check import drive_takeover, planned_handover
from harness.simulation.session import CarlaSession
from tests.harness.simulation import drivers
from tests.harness.simulation.episodes import STRAIGHT, column, drive, episode

TICK_S = 0.05
DRIFT_DEG, FAINT_DRIFT_DEG = 4.0, 0.2


class Drifting(drivers.StraightAhead):
    """Holds the wheel a little to the left all the time."""

    def __init__(self, swa_deg: float = DRIFT_DEG) -> None:
        super().__init__()
        self._swa_deg = swa_deg

    def act(self, observation: Observation) -> AgentOutput:
        return AgentOutput(swa_deg=self._swa_deg)


@dataclass(frozen=True)
class Departed:
    """A shadow run that departed, the agent that drove it, and what a replay needs of it."""

    agent: Agent
    facts: EpisodeFacts
    run: RecordedRun


def departed(session: CarlaSession, spec: EpisodeSpec, agent: Agent) -> Departed:
    record = drive(session, spec, agent=agent)
    onset_tick = int(np.argmax(column(record, "lane_margin_m") < 0.0))
    assert onset_tick > 0
    ticks = record.ticks.to_pandas()
    return Departed(
        agent,
        facts_of(EpisodeData.of_frames(record.spec, ticks, record.events)),
        RecordedRun.of(spec, ticks, onset_tick),
    )


@pytest.fixture(scope="module")
def drifted(session: CarlaSession) -> Departed:
    return departed(session, episode(segments=STRAIGHT, duration_s=20.0), Drifting())


def test_a_replay_without_a_camera_repeats_the_run_bit_for_bit(session: CarlaSession, drifted: Departed) -> None:
    assert Replay(session, drifted.run, {}).verify() == 0.0


def test_a_replay_of_other_controls_is_noticed(session: CarlaSession, drifted: Departed) -> None:
    swa_deg = drifted.run.swa_command_deg.copy()
    swa_deg[10] += np.float32(60.0)
    tampered = replace(drifted.run, swa_command_deg=swa_deg)
    found = map_departure(session, tampered, {})
    assert found.replay_error_m > 0.01 and found.last_safe_tick is None and not found.probes
    assert "did not repeat" in found.reason


def test_the_last_safe_tick_is_where_a_scan_of_every_tick_finds_it(session: CarlaSession, drifted: Departed) -> None:
    found = map_departure(session, drifted.run, {}, with_grid=True)
    assert found.reason == "" and found.replay_error_m == 0.0
    replay = Replay(session, drifted.run, {})
    replay.verify()
    onset = drifted.run.onset_tick
    saved = [tick for tick in range(onset - 12, onset + 1) if replay.hand_over_at(tick).saved]
    assert saved == list(range(onset - 12, max(saved) + 1))
    assert found.last_safe_tick == max(saved)
    assert all(outcome == (tick <= max(saved)) for tick, outcome in found.grid)
    assert len(found.probes) <= 8


def test_really_driven_takeovers_end_as_the_map_says(session: CarlaSession, drifted: Departed) -> None:
    """Camera, agent, alarm and supervisor: the other way to the same answer, on both sides of t*."""
    last_safe = map_departure(session, drifted.run, {}).last_safe_tick
    assert last_safe is not None
    for tick, saved in ((last_safe, True), (last_safe + 1, False)):
        outcome = drive_takeover(session, drifted.run.spec, drifted.facts, drifted.agent, tick, TakeoverSpec())
        assert outcome.resolved and outcome.saved == saved


def test_hands_that_turn_slowly_must_come_earlier(session: CarlaSession, drifted: Departed) -> None:
    quick = map_departure(session, drifted.run, {}).last_safe_tick
    slow = map_departure(session, drifted.run, {"hand_speed_dps": 10.0}).last_safe_tick
    assert quick is not None and slow is not None and slow < quick


def test_hands_that_stay_where_they_are_save_nothing(session: CarlaSession) -> None:
    """Taken over 10 s before the line, with a wheel that nobody turns, the car drifts on as the agent let it."""
    drifted = departed(session, episode(segments=STRAIGHT, duration_s=20.0), Drifting(FAINT_DRIFT_DEG))
    assert drifted.run.onset_tick > 200
    found = map_departure(session, drifted.run, {"hand_speed_dps": 0.0})
    assert found.last_safe_tick is None and found.reason == "" and found.rescued_ticks is None
    assert not any(saved for _, saved in found.probes)
    assert min(tick for tick, _ in found.probes) == drifted.run.onset_tick - 200


@pytest.mark.parametrize("last", [*range(0, 201, 7), 200])
def test_bisection_finds_the_last_of_a_monotone_row_in_few_probes(last: int) -> None:
    asked: list[int] = []

    def saves(tick: int) -> bool:
        asked.append(tick)
        return tick <= 300 - last

    assert last_safe_tick(saves, 300, TICK_S) == 300 - last
    assert len(asked) == len(set(asked)) <= 14


def test_nothing_saves_means_none_and_the_start_of_the_run_bounds_the_search() -> None:
    asked: list[int] = []

    def saves(tick: int) -> bool:
        asked.append(tick)
        return False

    assert last_safe_tick(saves, 30, TICK_S) is None
    assert asked == [30, 25, 20, 10, 0]


def test_the_dense_grid_covers_ten_seconds_and_every_tick_near_the_last_safe_one() -> None:
    grid = dense_grid(400, 380, TICK_S)
    assert grid[0] == 200 and grid[-1] == 400
    assert set(range(370, 391)) <= set(grid)
    assert max(b - a for a, b in itertools.pairwise(grid)) == 4


def test_planned_handovers_surround_the_last_safe_tick() -> None:
    drawn = [planned_handover(300, 290, TICK_S, seed) for seed in range(200)]
    assert min(drawn) >= 250 and max(drawn) <= 300
    assert min(drawn) < 290 < max(drawn)
    assert planned_handover(300, 290, TICK_S, 7) == planned_handover(300, 290, TICK_S, 7)
    assert all(planned_handover(1, None, TICK_S, seed) == 1 for seed in range(5))
