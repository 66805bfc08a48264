"""Udacity-style driving logs: the original columns, the extended ones of the misbehaviour-prediction studies, and
SelfOracle's spelling of them. One row per frame.

Read into frames with seconds; written from our own episodes so that others' scorers run on them. Frame rates differ and
jitter: frames are put on an even grid by their last value, and a gap of more than 0.2 s (and more than one and a half
frames) has no score, which is a fault of the monitor and raises its alarm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.evaluation.stretches import BoolArray

ORIGINAL_COLUMNS = ("center", "left", "right", "steering", "throttle", "brake", "speed")
EXTENDED_COLUMNS = (
    *("frameId", "model", "anomaly_detector", "threshold", "sim_name", "lap", "waypoint", "loss", "uncertainty", "cte"),
    *("steering_angle", "throttle", "speed", "brake", "crashed", "distance", "time", "ang_diff", "center"),
    *("tot_OBEs", "tot_crashes"),
)
MPS_PER_MPH = 0.44704
MAX_GAP_S = 0.2

FloatArray = npt.NDArray[np.float64]


class DrivingLogError(ValueError):
    """A log that cannot be read; the message says what is missing."""


@dataclass(frozen=True)
class DrivingLog:
    """Frames of one run.

    Attributes:
        name: of the file.
        frame_id: (N,). time_s: from the first frame on, (N,).
        speed_mps: (N,); the simulator logs miles per hour. steering: −1..1, (N,).
        crashed: (N,) bool; None where the log does not say.
        center: file names of the pictures; empty where the log names none.
        warnings: what a reader of figures should know about this log.
    """

    name: str
    frame_id: npt.NDArray[np.int64]
    time_s: FloatArray
    speed_mps: FloatArray
    steering: FloatArray
    crashed: BoolArray | None
    center: list[str]
    warnings: tuple[str, ...]

    @property
    def frames_per_s(self) -> float:
        """Median frame rate."""
        return 1.0 / float(np.median(np.diff(self.time_s)))

    def grid(self) -> tuple[float, npt.NDArray[np.int64], BoolArray]:
        """(tick_s, row of each tick, whether the row is too old), by last value on an even grid."""
        tick_s = float(np.median(np.diff(self.time_s)))
        ticks = 1 + int(np.floor(self.time_s[-1] / tick_s + 0.5))
        at = np.arange(ticks) * tick_s
        # Half a frame of jitter must not repeat one frame and drop the next.
        rows = np.clip(np.searchsorted(self.time_s, at + 0.5 * tick_s, side="right") - 1, 0, len(self.time_s) - 1)
        stale = at - self.time_s[rows] > max(MAX_GAP_S, 1.5 * tick_s)
        return tick_s, rows, stale


def read_driving_log(path: Path, frames_per_s: float | None = None) -> DrivingLog:
    """Read a log.

    Args:
        path: CSV, with or without header. frames_per_s: overrides the log's clock; needed where it has none.

    Raises:
        DrivingLogError: unknown columns, no usable clock, or fewer than two frames.
    """
    table = _read_table(path)
    if len(table) < 2:
        raise DrivingLogError(f"{path.name} holds {len(table)} frames; at least two are needed")
    time_s = _clock(table, path.name, frames_per_s)
    warnings = []
    if "cte" in table and not np.any(_numbers(table, "cte", path.name)):
        warnings.append("cte is 0 on every frame: this track does not report it")
    crashed = _numbers(table, "crashed", path.name) > 0.5 if "crashed" in table else None
    if crashed is None:
        warnings.append("the log does not say when the car failed: only alarms can be counted")
    steering = "steering" if "steering" in table else "steering_angle"
    frame_id = _numbers(table, "frameid", path.name) if "frameid" in table else np.arange(len(table))
    return DrivingLog(
        path.name,
        frame_id.astype(np.int64),
        time_s,
        _numbers(table, "speed", path.name) * MPS_PER_MPH,
        _numbers(table, steering, path.name),
        crashed,
        [PureWindowsPath(str(name).strip()).name for name in table["center"]] if "center" in table else [],
        tuple(warnings),
    )


def _read_table(path: Path) -> pd.DataFrame:
    try:
        first = path.read_text(encoding="utf-8-sig").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise DrivingLogError(f"{path} cannot be read: {error}") from error
    names = [_plain(name) for name in first.split(",")]
    if "speed" in names:
        table = pd.read_csv(path, encoding="utf-8-sig")
        table.columns = pd.Index(names)
    elif len(names) == len(ORIGINAL_COLUMNS):
        table = pd.read_csv(path, header=None, names=list(ORIGINAL_COLUMNS))
    else:
        raise DrivingLogError(
            f"{path.name} has neither a header with a column 'speed' nor the {len(ORIGINAL_COLUMNS)} columns of the "
            f"original log ({', '.join(ORIGINAL_COLUMNS)})"
        )
    if not {"steering", "steering_angle"} & set(table.columns):
        raise DrivingLogError(f"{path.name} has no column 'steering' or 'steering_angle'")
    return table


def _plain(name: str) -> str:
    """``Tot Crashes`` and ``tot_crashes`` are the same column; so are ``frameId`` and ``FrameId``."""
    joined = re.sub(r"\s+", "_", name.strip().strip('"')).lower()
    return {"frame_id": "frameid"}.get(joined, joined)


def _numbers(table: pd.DataFrame, column: str, name: str) -> FloatArray:
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    if not np.isfinite(values).all():
        raise DrivingLogError(f"{name} column {column!r} row {int(np.argmin(np.isfinite(values)))} is not a number")
    return values


def _clock(table: pd.DataFrame, name: str, frames_per_s: float | None) -> FloatArray:
    if frames_per_s is not None:
        return np.arange(len(table)) / frames_per_s
    if "time" not in table:
        raise DrivingLogError(f"{name} has no column 'time': say how many frames a second holds (--fps)")
    time_s = _numbers(table, "time", name)
    if (np.diff(time_s) <= 0.0).any():
        raise DrivingLogError(
            f"{name}: 'time' does not advance at row {1 + int(np.argmax(np.diff(time_s) <= 0.0))} (some simulators log "
            "whole seconds): say how many frames a second holds (--fps)"
        )
    return time_s - time_s[0]
