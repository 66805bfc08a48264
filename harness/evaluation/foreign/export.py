"""Our episodes as other tools read them: the extended Udacity log and one score file per monitor.

``crashed`` is 1 while the car is in a departure of the main grade, ``cte`` the lateral offset (m, left positive),
``ang_diff`` the heading error (deg). Steering is −1..1 for ±25° of road wheel, right positive, and speed in miles per
hour, as that simulator logs them. Nothing is resampled: one row per tick.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.evaluation.departures import MAIN_GRADE
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.foreign.driving_log import EXTENDED_COLUMNS, MPS_PER_MPH
from harness.evaluation.modes import SHADOW

STEERING_RATIO = 16.0
FULL_STEER_DEG = 25.0
LOG_FILE = "driving_log.csv"


def export_episode(episode: EpisodeData, folder: Path) -> Path:
    """Write ``driving_log.csv`` and ``scores/<monitor>.csv`` of one episode.

    Returns:
        Path of the log.
    """
    log = driving_log_table(episode)
    (folder / "scores").mkdir(parents=True, exist_ok=True)
    log.to_csv(folder / LOG_FILE, index=False)
    for monitor in episode.monitors:
        table = pd.DataFrame({"frameId": log["frameId"], "score": episode.raw_score(monitor).astype(np.float64)})
        table.to_csv(folder / "scores" / f"{monitor}.csv", index=False)
    return folder / LOG_FILE


def is_exportable(episode: EpisodeData) -> bool:
    """Shadow runs that say something about driving: what a failure predictor is scored on."""
    return episode.mode == SHADOW and not episode.is_missing and episode.tick_count > 0


def driving_log_table(episode: EpisodeData) -> pd.DataFrame:
    """The extended log of an episode, one row per tick."""
    n = episode.tick_count
    crashed = np.zeros(n, dtype=np.int64)
    onsets = np.zeros(n, dtype=np.int64)
    for departure in episode.departures:
        if departure.grade == MAIN_GRADE:
            crashed[departure.onset_tick : departure.end_tick] = 1
            onsets[departure.onset_tick] = 1
    collision = episode.column("collision").astype(np.int64)
    speed_mps = episode.column("speed_mps").astype(np.float64)
    agent = episode.spec.get("agent")
    columns = {
        "frameId": episode.column("tick"),
        "model": agent.get("name", "") if isinstance(agent, dict) else str(agent or ""),
        "anomaly_detector": "",
        "threshold": "",
        "sim_name": f"carla {(episode.events.get('simulator') or {}).get('version') or ''}".strip(),
        "lap": 1,
        "waypoint": np.floor(episode.column("route_s_m")).astype(np.int64),
        "loss": "",
        "uncertainty": "",
        "cte": episode.column("lateral_offset_m"),
        "steering_angle": -episode.column("swa_agent_deg") / STEERING_RATIO / FULL_STEER_DEG,
        "throttle": episode.columns.get("throttle", np.zeros(n)),
        "speed": speed_mps / MPS_PER_MPH,
        "brake": episode.columns.get("brake", np.zeros(n)),
        "crashed": crashed,
        "distance": np.cumsum(speed_mps) * episode.tick_s,
        "time": np.arange(n) * episode.tick_s,
        "ang_diff": episode.columns.get("heading_error_deg", np.zeros(n)),
        "center": "",
        "tot_OBEs": np.cumsum(onsets),
        "tot_crashes": np.cumsum(np.diff(collision, prepend=0) > 0),
    }
    return pd.DataFrame(columns, columns=list(EXTENDED_COLUMNS))
