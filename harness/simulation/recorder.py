"""The tick table while it grows: preallocated columns, no per-tick Python objects kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

FLOAT64_COLUMNS = frozenset({"time_s", "x_m", "y_m", "z_m", "yaw_deg", "route_s_m"})
BOOL_COLUMNS = frozenset({"off_road", "odd_mask", "collision", "takeover"})


class ColumnRecorder:
    """Rows of named numbers, stored as columns.

    The first row fixes the columns. Types: `tick` int32, positions and times float64, flags bool, the rest float32.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._columns: dict[str, np.ndarray] = {}
        self.rows = 0

    def append(self, row: Mapping[str, float]) -> None:
        """Add one row; every row must name the same columns."""
        if not self._columns:
            self._columns = {name: np.zeros(self._capacity, dtype=_dtype(name)) for name in row}
        if row.keys() != self._columns.keys():
            raise KeyError(f"columns differ from the first row: {sorted(row.keys() ^ self._columns.keys())}")
        for name, value in row.items():
            self._columns[name][self.rows] = value
        self.rows += 1

    def mark(self, name: str, row: int) -> None:
        """Set a flag of a row that is already there, for events that are reported late."""
        if name not in BOOL_COLUMNS or not 0 <= row < self.rows:
            raise KeyError(f"no flag {name!r} in row {row} of {self.rows}")
        self._columns[name][row] = True

    def table(self) -> pa.Table:
        """The rows so far as an Arrow table."""
        return pa.table({name: values[: self.rows].copy() for name, values in self._columns.items()})


def _dtype(name: str) -> type:
    if name == "tick":
        return np.int32
    if name in FLOAT64_COLUMNS:
        return np.float64
    return np.bool_ if name in BOOL_COLUMNS else np.float32
