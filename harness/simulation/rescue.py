"""The last-safe-takeover time t* of one departure, by camera-less replay (PROTOCOL §6.2).

Handing over later can only be worse: under this assumption the last tick at which a takeover still saves is found by
probing ever earlier handovers until one saves, then halving the interval. `dense_grid` is for checking the assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.evaluation.stretches import ticks_at_least
from harness.simulation.replay import RecordedRun, Replay
from harness.simulation.session import CarlaSession

RESCUE_VERSION = 1
"""Changes when the same record would give another map."""
LONGEST_K_S = 10.0
FIRST_PROBES_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 7.0, LONGEST_K_S)
GRID_STEP_S = 0.2
GRID_NEAR_S = 0.5
REPLAY_TOLERANCE_M = 0.01
"""Above this the simulator did not repeat the run, and no takeover on the replay says anything about it."""


@dataclass(frozen=True)
class Rescue:
    """Row of the rescue map, in ticks of the episode.

    Attributes:
        episode_id: the shadow run.
        onset_tick: τ.
        last_safe_tick: t*, the last tick at which the takeover driver, hands on the wheel, still prevents the
            departure; None: unsavable within 10 s, or unknown (``reason``).
        reason: why nothing is known; empty when the map holds.
        probes: (handover tick, saved) in the order in which they were driven, the dense grid not among them.
        grid: (handover tick, saved) of the dense grid; empty where it was not driven.
        replay_error_m: largest distance from the record, m.
        rescued_ticks: length of the run when handed over at t* and driven to the end; None without t*.
    """

    episode_id: str
    onset_tick: int
    last_safe_tick: int | None
    reason: str
    probes: tuple[tuple[int, bool], ...]
    grid: tuple[tuple[int, bool], ...]
    replay_error_m: float
    rescued_ticks: int | None


def map_departure(
    session: CarlaSession,
    run: RecordedRun,
    driver: Mapping[str, float],
    with_grid: bool = False,
    on_drive: Callable[[], None] = lambda: None,
) -> Rescue:
    """Find t* of one departure.

    Args:
        session: connected to a simulator.
        run: the shadow run that departed.
        driver: settings of the takeover driver.
        with_grid: drive the dense grid too.
        on_drive: called before each drive, a sign of life.

    Raises:
        InfrastructureError, InvalidSimulationError: the simulator failed; try again.
    """
    replay = Replay(session, run, driver)
    errors_m = [replay.verify()]
    driven: dict[int, bool] = {}

    def saves(handover_tick: int) -> bool:
        if handover_tick not in driven:
            on_drive()
            drive = replay.hand_over_at(handover_tick)
            errors_m.append(drive.handover_error_m)
            driven[handover_tick] = drive.saved
        return driven[handover_tick]

    if errors_m[0] > REPLAY_TOLERANCE_M:
        replay.close()
        reason = f"the simulator did not repeat the run: {errors_m[0]:.3g} m off"
        return Rescue(run.spec.episode_id, run.onset_tick, None, reason, (), (), errors_m[0], None)
    last_safe = last_safe_tick(saves, run.onset_tick, run.spec.tick_s)
    probes = tuple(driven.items())
    grid = dense_grid(run.onset_tick, last_safe, run.spec.tick_s) if with_grid else []
    judged = tuple((tick, saves(tick)) for tick in grid)
    rescued = None if last_safe is None else replay.hand_over_at(last_safe, to_the_end=True).ticks
    replay.close()
    error_m = max(errors_m)
    if error_m > REPLAY_TOLERANCE_M:
        reason = f"the simulator did not repeat the run: {error_m:.3g} m off at a handover"
        return Rescue(run.spec.episode_id, run.onset_tick, None, reason, probes, judged, error_m, None)
    return Rescue(run.spec.episode_id, run.onset_tick, last_safe, "", probes, judged, error_m, rescued)


def last_safe_tick(saves: Callable[[int], bool], onset_tick: int, tick_s: float) -> int | None:
    """Last handover tick in [τ − 10 s, τ] that saves, None if none does.

    Args:
        saves: whether a handover at a tick saves; taken to be true up to some tick and false after it.
        onset_tick: τ. tick_s: simulation step, s.
    """
    too_late = onset_tick + 1
    for earlier_s in FIRST_PROBES_S:
        tick = max(0, onset_tick - ticks_at_least(earlier_s, tick_s))
        if tick < too_late and saves(tick):
            break
        too_late = min(too_late, tick)
    else:
        return None
    while too_late - tick > 1:
        middle = (tick + too_late) // 2
        if saves(middle):
            tick = middle
        else:
            too_late = middle
    return tick


def dense_grid(onset_tick: int, last_safe: int | None, tick_s: float) -> list[int]:
    """Handover ticks of the check: every 0.2 s over the 10 s before τ, every tick within 0.5 s of t*."""
    earliest = max(0, onset_tick - ticks_at_least(LONGEST_K_S, tick_s))
    ticks = set(range(onset_tick, earliest - 1, -max(1, round(GRID_STEP_S / tick_s))))
    if last_safe is not None:
        near = ticks_at_least(GRID_NEAR_S, tick_s)
        ticks |= set(range(max(earliest, last_safe - near), min(onset_tick, last_safe + near) + 1))
    return sorted(ticks)
