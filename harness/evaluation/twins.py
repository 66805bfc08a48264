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


# One odd 64-bit factor per column: a change of any single bit of any column changes the hash of its row.
_FACTORS = np.random.default_rng(0).integers(0, 2**63, size=len(TWIN_COLUMNS), dtype=np.uint64) * 2 + 1


@dataclass(frozen=True)
class TwinTrace:
    """Hash of state and agent output of every tick, (N,) uint64, and the first takeover tick, None if none."""

    rows: npt.NDArray[np.uint64]
    first_takeover_tick: int | None


def twin_trace(episode: EpisodeData) -> TwinTrace:
    """The part of a tick table that twins must share, eight bytes a tick, so that a whole campaign fits into memory."""
    columns = [episode.column(name).astype(np.float64) for name in TWIN_COLUMNS]
    bits = np.ascontiguousarray(np.column_stack(columns)).view(np.uint64)
    taken = np.flatnonzero(episode.column("takeover"))
    return TwinTrace((bits * _FACTORS).sum(axis=1, dtype=np.uint64), int(taken[0]) if len(taken) else None)


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
    return not np.array_equal(shadow.rows[:common], takeover.rows[:common])
