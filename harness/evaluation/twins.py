"""Are twins bit-identical up to the first takeover tick? (PROTOCOL §1)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.evaluation.episode_data import EpisodeData

TWIN_COLUMNS = (
    *("x_m", "y_m", "z_m", "yaw_deg", "speed_mps", "yaw_rate_dps", "route_s_m", "lateral_offset_m"),
    *("swa_agent_deg", "swa_label_deg", "swa_actual_deg", "sensor_level"),
)


@dataclass(frozen=True)
class TwinTrace:
    """State and agent output of every tick, (N, columns) float64, and the first takeover tick, None if none."""

    rows: npt.NDArray[np.float64]
    first_takeover_tick: int | None


def twin_trace(episode: EpisodeData) -> TwinTrace:
    """The part of a tick table that twins must share."""
    rows = np.column_stack([episode.column(name).astype(np.float64) for name in TWIN_COLUMNS])
    taken = np.flatnonzero(episode.column("takeover"))
    return TwinTrace(rows, int(taken[0]) if len(taken) else None)


def diverged_early(shadow: TwinTrace, takeover: TwinTrace) -> bool:
    """Whether the twins differ before anybody took over.

    The state at the first takeover tick is still common (the takeover driver acts on it). Without a takeover
    the whole runs must agree, their lengths included; a shadow run that ended before the first takeover would
    have ended its twin too.
    """
    if takeover.first_takeover_tick is None:
        common = len(takeover.rows)
        if len(shadow.rows) != common:
            return True
    else:
        common = takeover.first_takeover_tick + 1
        if len(shadow.rows) < common:
            return True
    return not np.array_equal(shadow.rows[:common], takeover.rows[:common], equal_nan=True)
