"""A folder of driving, of a real car or of a simulator: Udacity-style ``driving_log.csv`` files and their pictures.

Logs may lie in sub-folders, one per run. Of the three cameras only the centre one is used. A long recording is cut into
blocks of a minute: frames of one block are not independent, so intervals and splits go by block, never by frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from agents.preprocessing import Preprocessing
from agents.training.dataset import NoDataError
from harness.evaluation.foreign.driving_log import DrivingLogError, read_driving_log

LOG_NAME = "driving_log.csv"
PICTURES = "IMG"
SWA_COLUMN = "swa_agent_deg"
BLOCK_S = 60.0

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SteeringUnit:
    """What a log's steering column means: ``swa_deg = steering × swa_deg_per_unit``, left positive."""

    name: str
    swa_deg_per_unit: float


SIMULATOR_UNIT = SteeringUnit("simulator", -25.0 * 16.0)
"""Udacity's simulator: −1..1, right positive, ±25° at the road wheels; a steering ratio of 16."""
STEERING_UNITS: Mapping[str, SteeringUnit] = {
    unit.name: unit
    for unit in (SIMULATOR_UNIT, SteeringUnit("degrees", 1.0), SteeringUnit("radians", float(np.degrees(1.0))))
}
"""Meaning by name; "degrees" and "radians" are of the steering wheel, left positive (Udacity's real car: radians)."""


@dataclass(frozen=True)
class Driving:
    """Frames of a folder.

    Attributes:
        pictures: (N,) files.
        swa_deg: (N,) reference steering wheel angle, left positive.
        agent_swa_deg: (N,) what the network at the wheel asked for, NaN where none drove.
        speed_mps: (N,). block: (N,) number of the minute of driving, in the order of the logs.
        data_hash: SHA-256 over logs and pictures.
        dropped: rows without a picture on disk. warnings: what a reader of figures should know.
    """

    pictures: list[Path]
    swa_deg: npt.NDArray[np.float32]
    agent_swa_deg: npt.NDArray[np.float32]
    speed_mps: npt.NDArray[np.float32]
    block: Rows
    data_hash: str
    dropped: int
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def take(self, rows: Rows) -> Driving:
        """Only these rows."""
        return replace(
            self,
            pictures=[self.pictures[row] for row in rows],
            swa_deg=self.swa_deg[rows],
            agent_swa_deg=self.agent_swa_deg[rows],
            speed_mps=self.speed_mps[rows],
            block=self.block[rows],
        )

    def evenly(self, count: int) -> Driving:
        """At most so many frames, spread evenly over all."""
        if count >= len(self):
            return self
        return self.take(np.linspace(0, len(self) - 1, count).astype(np.int64))

    def split(self, *shares: float) -> list[Rows]:
        """Rows of consecutive stretches of whole blocks, with about these shares of the blocks, each at least one.

        Raises:
            NoDataError: there are fewer blocks than stretches.
        """
        blocks = np.unique(self.block)
        if len(blocks) < len(shares):
            raise NoDataError(
                f"{len(self)} frames in {len(blocks)} blocks of {BLOCK_S:.0f} s cannot be split in {len(shares)}: "
                "more driving is needed"
            )
        counts = np.maximum(1, np.round(np.array(shares) / sum(shares) * len(blocks)).astype(int))
        counts[np.argmax(counts)] += len(blocks) - counts.sum()
        parts = np.split(blocks, np.cumsum(counts)[:-1])
        return [np.flatnonzero(np.isin(self.block, part)) for part in parts]


def read_driving(
    folder: Path, unit: SteeringUnit = SIMULATOR_UNIT, frames_per_s: float | None = None, min_speed_mps: float = 0.0
) -> Driving:
    """Read every log below a folder.

    Args:
        unit: meaning of the steering column. frames_per_s: of logs without a usable clock.
        min_speed_mps: slower frames are left out (the VisualBackProp paper kept those above 5 m/s).

    Raises:
        NoDataError: no log, or none of its pictures is there.
        DrivingLogError: a log cannot be read.
    """
    logs = sorted(folder.rglob(LOG_NAME))
    if not logs:
        raise NoDataError(f"{folder} holds no {LOG_NAME}, nor does any folder below it")
    parts: list[pd.DataFrame] = []
    warnings: list[str] = []
    pictures: list[Path | None] = []
    digest, blocks = hashlib.sha256(), 0
    for path in logs:
        log = read_driving_log(path, frames_per_s)
        if not log.center:
            raise DrivingLogError(f"{path} has no column 'center' with the names of the pictures")
        warnings += [f"{path.parent.name}/{path.name}: {warning}" for warning in log.warnings if "cte" in warning]
        table = pd.DataFrame({"swa_deg": log.steering * unit.swa_deg_per_unit, "speed_mps": log.speed_mps})
        table["agent_swa_deg"] = _agent_swa_deg(path, len(table))
        table["block"] = blocks + (log.time_s // BLOCK_S).astype(np.int64)
        pictures += [_picture(path.parent, name) for name in log.center]
        blocks = int(table["block"].iloc[-1]) + 1
        digest.update(path.read_bytes())
        parts.append(table)
    merged = pd.concat(parts, ignore_index=True)
    dropped = pictures.count(None)
    fast = merged["speed_mps"].to_numpy() >= min_speed_mps
    chosen = [(row, path) for row, path in enumerate(pictures) if path is not None and fast[row]]
    if not chosen:
        raise NoDataError(
            f"{folder}: of {len(pictures)} rows {dropped} name a picture that is not there (looked beside the log and "
            f"in {PICTURES}/), and none of the others is driven at {min_speed_mps:g} m/s or more"
        )
    for _, picture in chosen:
        digest.update(picture.read_bytes())
    kept = merged.iloc[[row for row, _ in chosen]]
    return Driving(
        [picture for _, picture in chosen],
        kept["swa_deg"].to_numpy(np.float32),
        kept["agent_swa_deg"].to_numpy(np.float32),
        kept["speed_mps"].to_numpy(np.float32),
        kept["block"].to_numpy(np.int64),
        digest.hexdigest(),
        dropped,
        tuple(warnings),
    )


def read_crops(driving: Driving, preprocessing: Preprocessing, cache: Path | None = None) -> npt.NDArray[np.uint8]:
    """What a network sees of every picture before its colour conversion, uint8 RGB (N, height, width, 3).

    Args:
        cache: folder in which the crops are kept from call to call; None: they are made anew.

    Raises:
        NoDataError: a picture is damaged.
    """
    shape = (len(driving), preprocessing.height, preprocessing.width, 3)
    if cache is None:
        return _fill(np.empty(shape, dtype=np.uint8), driving, preprocessing)
    cache.mkdir(parents=True, exist_ok=True)
    key = f"{driving.data_hash}|{[str(path) for path in driving.pictures]}|{sorted(preprocessing.to_dict().items())}"
    kept = cache / f"crops_{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    if not kept.exists():
        temporary = kept.with_name(f".{kept.name}.tmp.npy")
        made = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        _fill(made, driving, preprocessing)
        made.flush()
        temporary.rename(kept)
    crops: npt.NDArray[np.uint8] = np.load(kept, mmap_mode="c")
    return crops


def _fill(crops: npt.NDArray[np.uint8], driving: Driving, preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
    for row, path in enumerate(driving.pictures):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise NoDataError(f"{path} is no picture that can be read")
        crops[row] = preprocessing.crop(np.ascontiguousarray(picture[:, :, ::-1], dtype=np.uint8))
    return crops


def _picture(folder: Path, name: str) -> Path | None:
    """Where a picture lies; logs name it by a path of the machine that recorded it."""
    plain = PureWindowsPath(name).name
    return next((path for path in (folder / PICTURES / plain, folder / plain) if path.is_file()), None)


def _agent_swa_deg(path: Path, rows: int) -> npt.NDArray[np.float64]:
    header = pd.read_csv(path, nrows=0, encoding="utf-8-sig")
    if SWA_COLUMN not in header:
        return np.full(rows, np.nan)
    return pd.read_csv(path, usecols=[SWA_COLUMN], encoding="utf-8-sig")[SWA_COLUMN].to_numpy(np.float64)
