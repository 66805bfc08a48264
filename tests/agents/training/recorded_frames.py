"""Frames as collection would have left them, small and made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.training.dataset import COLUMNS, Frames

TICK_S = 0.05


def frames(
    lengths: Sequence[int],
    columns: Mapping[str, npt.NDArray[Any]] | None = None,
    sensors: Sequence[Sequence[dict[str, Any]]] | None = None,
    crops: npt.NDArray[np.uint8] | None = None,
) -> Frames:
    """Episodes of these lengths, every second tick, without departure unless ``columns`` say so.

    Args:
        columns: (N,) values that replace the zeros. sensors: schedule of each episode. crops: (N, 66, 200, 3).
    """
    count = sum(lengths)
    values = {name: np.zeros(count, dtype=np.float32) for name in COLUMNS}
    values["time_s"] = np.concatenate([np.arange(n) * 2 * TICK_S for n in lengths]).astype(np.float32)
    for name, column in (columns or {}).items():
        values[name] = np.asarray(column, dtype=np.float32)
    specs: list[dict[str, Any]] = [
        {"sensor": list((sensors or [[]] * len(lengths))[k]), "tick_s": TICK_S, "camera": {"width_px": 320}}
        for k in range(len(lengths))
    ]
    pictures = np.zeros((count, 66, 200, 3), dtype=np.uint8) if crops is None else crops
    return Frames(pictures, values, np.repeat(np.arange(len(lengths), dtype=np.int32), lengths), specs, "hash")
