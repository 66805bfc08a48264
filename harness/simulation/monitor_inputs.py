"""What learned monitors look at, kept with a shadow run, so that monitors can be scored, added and re-tuned without
driving again (PROTOCOL §7)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from agents.preprocessing import Preprocessing
from harness.simulation.callback import TickView


class MonitorInputRecorder:
    """Keeps the road crop of every degraded frame: what every shipped network sees, before its colour conversion."""

    def __init__(self) -> None:
        self._preprocessing = Preprocessing()
        self._ticks: list[int] = []
        self._crops: list[bytes] = []

    def on_tick(self, view: TickView) -> None:
        """Keep this tick's crop."""
        self._ticks.append(view.state.tick)
        self._crops.append(self._preprocessing.crop(view.frame).tobytes())

    def table(self) -> pa.Table:
        """One row per tick: ``tick`` int32; ``crop`` uint8 RGB (66, 200, 3), row by row, as bytes."""
        size = self._preprocessing.height * self._preprocessing.width * 3
        crops = pa.array(self._crops, type=pa.binary(size))
        return pa.table({"tick": pa.array(self._ticks, type=pa.int32()), "crop": crops})


def crops_of(table: pa.Table) -> np.ndarray:
    """The crops of a stored table, uint8 RGB (ticks, 66, 200, 3)."""
    shape = (Preprocessing().height, Preprocessing().width, 3)
    parts = [np.frombuffer(value, dtype=np.uint8).reshape(shape) for value in table["crop"].to_pylist()]
    return np.stack(parts) if parts else np.empty((0, *shape), dtype=np.uint8)
