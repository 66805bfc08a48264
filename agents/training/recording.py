"""Our own runs as a folder of driving, as recordings of real cars look: pictures and a ``driving_log.csv`` per run."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import cv2
import numpy as np

from agents.training.real_driving import LOG_NAME, PICTURES, SIMULATOR_UNIT, SWA_COLUMN
from harness.evaluation.foreign.driving_log import MPS_PER_MPH
from harness.results.schema import EpisodeRecord
from harness.simulation.callback import TickView

COLUMNS = ("center", "left", "right", "steering", "throttle", "brake", "speed", "time", "departed", SWA_COLUMN)


class LogRecorder:
    """Keeps every n-th camera picture whole (as PNG) with the reference angle; stops at a departure.

    ``steering`` is what a person would have done at this very state, the label expert's angle; ``swa_agent_deg`` what
    the network at the wheel asked for (empty where none was).
    """

    def __init__(self, keep_every: int) -> None:
        self._keep_every = keep_every
        self._pictures: list[bytes] = []
        self._rows: list[dict[str, object]] = []

    def on_tick(self, view: TickView) -> None:
        """Store every n-th tick before a departure."""
        state = view.state
        if state.tick % self._keep_every or view.departed:
            return
        _, picture = cv2.imencode(
            ".png", np.ascontiguousarray(view.frame[:, :, ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 1]
        )
        self._pictures.append(picture.tobytes())
        self._rows.append(
            {
                "center": f"{PICTURES}/{state.tick:06d}.png",
                "left": "",
                "right": "",
                "steering": repr(state.swa_label_deg / SIMULATOR_UNIT.swa_deg_per_unit),
                "throttle": 0.0,
                "brake": 0.0,
                "speed": repr(state.speed_mps / MPS_PER_MPH),
                "time": repr(state.time_s),
                "departed": 0,
                SWA_COLUMN: "" if view.agent_output is None else repr(view.agent_output.swa_deg),
            }
        )

    def save(self, path: Path, record: EpisodeRecord) -> None:
        """Write one run to the folder of its log; nothing where the simulation was implausible."""
        if record.outcome == "invalid" or len(self._rows) < 2:
            return
        temporary = path.parent.with_name(f".{path.parent.name}.tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        (temporary / PICTURES).mkdir(parents=True)
        for row, picture in zip(self._rows, self._pictures, strict=True):
            (temporary / str(row["center"])).write_bytes(picture)
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(self._rows)
        (temporary / LOG_NAME).write_text(text.getvalue(), encoding="utf-8")
        shutil.rmtree(path.parent, ignore_errors=True)
        temporary.rename(path.parent)
