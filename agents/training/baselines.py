"""Fit what the baseline monitors know: how risky a condition usually is, and what an undisturbed picture looks like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.monitors.image_statistics import ImageStatistics
from agents.monitors.risk_table import POOLED, RiskTable
from agents.training.dataset import Frames, NoDataError
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.scale import absolute_severities

HORIZON_S = 3.0
TIME_SLACK_S = 1e-3
"""Stored times are float32; a frame exactly on a limit must not depend on its last bit."""
LEVELS = np.array([0.05, 0.1, 0.2, 0.4, 0.7, 1.0])
CURVATURES_1PM = np.array([0.0, 0.004, 0.01, 0.02, 0.033])
PRIOR_FRAMES = 40.0


def fit_risk_tables(frames: Frames) -> tuple[RiskTable, RiskTable]:
    """P(departure starts within 3 s) by artifact severity, and by severity and curvature ahead.

    Cells are shrunk towards the overall rate by a prior worth 40 frames, so that empty cells read as average.

    Returns:
        (condition only, condition × curvature).

    Raises:
        NoDataError: no frame tells what followed it.
    """
    soon = departs_soon(frames)
    usable = outcome_known(frames)
    if not usable.any():
        raise NoDataError("no run is long enough to say whether a departure followed: collect longer episodes")
    curvature = np.abs(frames.columns["curvature_ahead_1pm"])
    base = float(soon[usable].mean())
    names, severity = severity_columns(frames)
    tables: dict[str, npt.NDArray[np.float64]] = {}
    curved: dict[str, npt.NDArray[np.float64]] = {}
    active_any = np.zeros(len(frames), dtype=bool)
    for name in names:
        active = usable & (severity[name] > 0.0)
        active_any |= active
        tables[name], curved[name] = _cells(severity[name], curvature, soon, active, base)
    pooled = np.max(np.stack([np.zeros(len(frames)), *(severity[name] for name in names)]), axis=0)
    tables[POOLED], curved[POOLED] = _cells(pooled, curvature, soon, active_any, base)
    nominal = _by_curvature(curvature, soon, usable & ~active_any, base)
    return RiskTable(LEVELS, tables), RiskTable(LEVELS, curved, CURVATURES_1PM, nominal)


def departs_soon(frames: Frames) -> npt.NDArray[np.bool_]:
    """(N,) True where the run's departure is established within the next 3 s."""
    soon = np.zeros(len(frames), dtype=bool)
    for rows in episode_rows(frames):
        departed = frames.columns["departed"][rows] > 0.0
        if departed.any():
            onset_s = frames.columns["time_s"][rows][int(np.argmax(departed))]
            time_s = frames.columns["time_s"][rows]
            soon[rows] = (time_s < onset_s) & (time_s >= onset_s - HORIZON_S - TIME_SLACK_S)
    return soon


def outcome_known(frames: Frames) -> npt.NDArray[np.bool_]:
    """(N,) False after a departure and, censored, in the last 3 s of a run that ends without one (PROTOCOL §3)."""
    known = frames.before_departure.copy()
    for rows in episode_rows(frames):
        if known[rows].all():
            time_s = frames.columns["time_s"][rows]
            known[rows] = time_s <= time_s.max(initial=0.0) - HORIZON_S + TIME_SLACK_S
    return known


def severity_columns(frames: Frames) -> tuple[list[str], dict[str, npt.NDArray[np.float64]]]:
    """Effect -> (N,) absolute severity, recomputed from each episode's stored schedule."""
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for index, rows in enumerate(episode_rows(frames)):
        spec = frames.specs[index]
        schedule = SensorSchedule.from_spec(spec["sensor"])
        for row in rows:
            # The stored time is float32; an effect begins at an exact tick.
            tick = round(float(frames.columns["time_s"][row]) / spec["tick_s"])
            now = absolute_severities(schedule, tick * spec["tick_s"], int(spec["camera"]["width_px"]))
            for name, value in now.items():
                columns.setdefault(name, np.zeros(len(frames)))[row] = value
    return sorted(columns), columns


def measure_image_statistics(frames: Frames) -> ImageStatistics:
    """Brightness and sharpness of frames on which no artifact acts.

    Raises:
        NoDataError: there is none.
    """
    calm = frames.columns["sensor_level"] == 0.0
    if not calm.any():
        raise NoDataError("every frame has an artifact: collect some with the ideal sensor")
    brightness = float(frames.columns["brightness_dn"][calm].mean())
    return ImageStatistics(brightness, float(frames.columns["log_sharpness"][calm].mean()), int(calm.sum()))


def save_baselines(frames: Frames, folder: Path, provenance: dict[str, Any]) -> None:
    """Fit and write all baseline files."""
    condition, condition_curvature = fit_risk_tables(frames)
    condition.save(folder / "condition_only.json", provenance)
    condition_curvature.save(folder / "condition_curvature.json", provenance)
    measure_image_statistics(frames).save(folder / "image_statistics.json", provenance)


def episode_rows(frames: Frames) -> Iterator[npt.NDArray[np.int64]]:
    """Rows of each episode, in the order of `specs`."""
    for index in range(len(frames.specs)):
        yield np.flatnonzero(frames.episode == index)


def _cells(
    severity: npt.NDArray[np.float64],
    curvature: npt.NDArray[np.float32],
    soon: npt.NDArray[np.bool_],
    active: npt.NDArray[np.bool_],
    base: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    nearest = np.argmin(np.abs(severity[:, None] - LEVELS[None, :]), axis=1)
    plain = np.array([_shrunk(soon[active & (nearest == k)], base) for k in range(len(LEVELS))])
    curved = np.stack([_by_curvature(curvature, soon, active & (nearest == k), plain[k]) for k in range(len(LEVELS))])
    return plain, curved


def _by_curvature(
    curvature: npt.NDArray[np.float32], soon: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_], base: float
) -> npt.NDArray[np.float64]:
    nearest = np.argmin(np.abs(curvature[:, None] - CURVATURES_1PM[None, :]), axis=1)
    return np.array([_shrunk(soon[among & (nearest == k)], base) for k in range(len(CURVATURES_1PM))])


def _shrunk(flags: npt.NDArray[np.bool_], base: float) -> float:
    return float((flags.sum() + PRIOR_FRAMES * base) / (flags.size + PRIOR_FRAMES))
