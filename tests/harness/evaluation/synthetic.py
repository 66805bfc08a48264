"""Synthetic episode records with known truth."""

import numpy as np
import pandas as pd

from harness.evaluation.episode_data import EpisodeData

TICK_S = 0.05
SPEED_MPS = 10.0


def ticks_of(n, onset_tick=None, event_ticks=20, sensor_level=0.0, scores=None, seed=0, takeover=None, **columns):
    """A tick table of n rows at 10 m/s; the car is over the line for ``event_ticks`` from ``onset_tick`` on."""
    rng = np.random.default_rng(seed)
    margin = np.full(n, 0.5, dtype=np.float32)
    if onset_tick is not None:
        margin[onset_tick : onset_tick + event_ticks] = -0.2
    table = {
        "tick": np.arange(n, dtype=np.int32),
        "time_s": np.arange(n) * TICK_S,
        "x_m": np.arange(n) * SPEED_MPS * TICK_S,
        "y_m": rng.normal(size=n) * 0.01,
        "z_m": np.zeros(n),
        "yaw_deg": np.zeros(n),
        "speed_mps": np.full(n, SPEED_MPS, dtype=np.float32),
        "yaw_rate_dps": np.zeros(n, dtype=np.float32),
        "route_s_m": np.arange(n) * SPEED_MPS * TICK_S,
        "lateral_offset_m": np.zeros(n, dtype=np.float32),
        "lane_width_m": np.full(n, 3.5, dtype=np.float32),
        "lane_margin_m": margin,
        "off_road": np.zeros(n, dtype=bool),
        "odd_mask": np.zeros(n, dtype=bool),
        "collision": np.zeros(n, dtype=bool),
        "swa_agent_deg": np.zeros(n, dtype=np.float32),
        "swa_label_deg": np.zeros(n, dtype=np.float32),
        "swa_actual_deg": np.zeros(n, dtype=np.float32),
        "target_speed_mps": np.full(n, SPEED_MPS, dtype=np.float32),
        "takeover": np.zeros(n, dtype=bool) if takeover is None else takeover,
        "sensor_level": np.full(n, sensor_level, dtype=np.float32),
    }
    for name, score in (scores or {}).items():
        table[f"score__{name}"] = np.asarray(score, dtype=np.float32)
    table.update(columns)
    return pd.DataFrame(table)


def episode(
    mode="shadow",
    pair="p0",
    world=None,
    ticks=None,
    outcome="completed",
    end_reason="route_end",
    condition="clear",
    road="r0",
    timings=None,
):
    return EpisodeData.of_frames(
        spec={
            "episode_id": f"{pair}/{mode}",
            "pair_id": pair,
            "world_id": world or f"w-{pair}",
            "mode": mode,
            "tick_s": TICK_S,
            "road": road,
            "condition": condition,
            "agent": {"name": "pilotnet", "weights_sha256": "0" * 64},
        },
        ticks=pd.DataFrame() if ticks is None else ticks,
        events={"outcome": outcome, "end_reason": end_reason},
        timings=timings,
    )
