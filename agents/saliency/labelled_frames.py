"""Camera pictures with the simulator's own semantic labels: what saliency is judged on.

A folder of PNG pairs (``000_picture.png``, ``000_labels.png``: one semantic tag per pixel) and ``frames.json``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SCHEMA_VERSION = 1
INDEX = "frames.json"


class LabelledFramesError(ValueError):
    """The folder holds no labelled frames, or not all of them."""


@dataclass(frozen=True)
class FrameFacts:
    """What is known of one picture.

    Attributes:
        road, weather: names. bend: "left", "right", "straight" or "between".
        curvature_ahead_1pm: see `DrivingState`. speed_mps. swa_label_deg: label expert's answer, left positive.
    """

    road: str
    weather: str
    bend: str
    curvature_ahead_1pm: float
    speed_mps: float
    swa_label_deg: float


@dataclass(frozen=True)
class LabelledFrames:
    """Pictures of one camera.

    Attributes:
        pictures: uint8 RGB (N, H, W, 3), undisturbed.
        labels: uint8 (N, H, W), semantic tags, see `gradsum.CARLA_CLASSES`.
        facts: one per picture.
        source: who made them: camera, simulator, scene version.
    """

    pictures: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    facts: tuple[FrameFacts, ...]
    source: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def data_hash(self) -> str:
        """SHA-256 over pictures and labels."""
        return hashlib.sha256(self.pictures.tobytes() + self.labels.tobytes()).hexdigest()

    def take(self, rows: Sequence[int]) -> LabelledFrames:
        """Some of them, in this order."""
        chosen = list(rows)
        facts = tuple(self.facts[row] for row in chosen)
        return LabelledFrames(self.pictures[chosen], self.labels[chosen], facts, self.source)


def save_labelled_frames(frames: LabelledFrames, folder: Path) -> None:
    """Write the folder; files of an earlier collection in it are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (picture, labels) in enumerate(zip(frames.pictures, frames.labels, strict=True)):
        _write(folder / f"{number:03d}_picture.png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        _write(folder / f"{number:03d}_labels.png", labels)
    index = {
        "schema_version": SCHEMA_VERSION,
        "source": dict(frames.source),
        "data_hash": frames.data_hash,
        "frames": [asdict(facts) for facts in frames.facts],
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def load_labelled_frames(folder: Path) -> LabelledFrames:
    """Read a folder.

    Raises:
        LabelledFramesError: no index, another schema, a missing picture, or pixels other than those that were stored.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise LabelledFramesError(
            f"{folder}: no labelled frames here ({error}); collect some with `python -m agents.training.label_frames`"
        ) from error
    if index.get("schema_version") != SCHEMA_VERSION:
        raise LabelledFramesError(
            f"{folder}: schema {index.get('schema_version')}, this program reads {SCHEMA_VERSION}"
        )
    facts = tuple(FrameFacts(**entry) for entry in index["frames"])
    pictures = [_read(folder / f"{n:03d}_picture.png", cv2.IMREAD_COLOR) for n in range(len(facts))]
    labels = [_read(folder / f"{n:03d}_labels.png", cv2.IMREAD_GRAYSCALE) for n in range(len(facts))]
    rgb = np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) for picture in pictures]).astype(np.uint8)
    frames = LabelledFrames(rgb, np.stack(labels), facts, index["source"])
    if frames.data_hash != index["data_hash"]:
        raise LabelledFramesError(f"{folder}: the pictures are not those that were stored; collect them again")
    return frames


def _write(path: Path, picture: npt.NDArray[np.uint8] | Any) -> None:
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"{path}: could not be written")


def _read(path: Path, flags: int) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise LabelledFramesError(f"{path}: missing or no picture")
    return np.asarray(picture, dtype=np.uint8)
