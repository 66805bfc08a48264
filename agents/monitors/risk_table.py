"""Risk as a table over artifact severity (and curvature), fitted on calibration runs and stored as JSON.

``{"schema_version": 1, "levels": [0.25, 0.5, ...], "curvatures_1pm": [0.0, ...] or absent, "nominal": [...]
or absent, "risk": {"<effect>": table}}`` with one row per level; a row is a number, or with curvatures a list
of them. ``"*"`` as an effect is the pooled table for effects that were not in the calibration runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agents.errors import MonitorError, WeightsError
from agents.geometry import FloatArray
from agents.weights_io import REBUILD_HINT, load_json, save_json, sha256_of

SCHEMA_VERSION = 1
POOLED = "*"


class RiskTable:
    """Linear interpolation between the fitted levels (and curvatures), constant beyond them.

    Args:
        levels: severities, ascending, (L,).
        risk: effect -> (L,), or (L, K) with curvatures.
        curvatures_1pm: magnitudes, ascending, (K,), or None.
        nominal: risk where no artifact is active, (K,); None = 0.
    """

    def __init__(
        self,
        levels: FloatArray,
        risk: Mapping[str, FloatArray],
        curvatures_1pm: FloatArray | None = None,
        nominal: FloatArray | None = None,
    ) -> None:
        self.levels = levels
        self.risk = dict(risk)
        self.curvatures_1pm = curvatures_1pm
        self.nominal = nominal
        self._check()

    def _check(self) -> None:
        shape: tuple[int, ...] = (len(self.levels),)
        if self.curvatures_1pm is not None:
            shape = (len(self.levels), len(self.curvatures_1pm))
            if np.any(np.diff(self.curvatures_1pm) <= 0):
                raise ValueError("curvatures must ascend")
            if self.nominal is not None and self.nominal.shape != shape[1:]:
                raise ValueError(f"the nominal row has shape {self.nominal.shape}, not {shape[1:]}")
        if len(self.levels) == 0 or np.any(np.diff(self.levels) <= 0):
            raise ValueError("levels must ascend")
        for effect, table in self.risk.items():
            if table.shape != shape or not np.all(np.isfinite(table)):
                raise ValueError(f"table of {effect!r} must be finite and of shape {shape}, not {table.shape}")

    def at(self, artifact_levels: Mapping[str, float], curvature_1pm: float = 0.0) -> float:
        """Largest risk of the active artifacts (level > 0); the nominal risk where none is.

        Raises:
            MonitorError: an active effect is neither in the table nor covered by a pooled one.
        """
        active = {effect: level for effect, level in artifact_levels.items() if level > 0.0}
        if not active:
            if self.nominal is None or self.curvatures_1pm is None:
                return 0.0
            return float(np.interp(abs(curvature_1pm), self.curvatures_1pm, self.nominal))
        return max(self._of_effect(effect, level, abs(curvature_1pm)) for effect, level in active.items())

    def _of_effect(self, effect: str, level: float, curvature_1pm: float) -> float:
        table = self.risk.get(effect, self.risk.get(POOLED))
        if table is None:
            raise MonitorError(
                f"the risk table has no effect {effect!r}, only {', '.join(sorted(self.risk))}; {REBUILD_HINT}"
            )
        if self.curvatures_1pm is None:
            return float(np.interp(level, self.levels, table))
        rows = [np.interp(curvature_1pm, self.curvatures_1pm, row) for row in table]
        return float(np.interp(level, self.levels, rows))

    def save(self, path: Path, provenance: Mapping[str, Any]) -> str:
        """Write to JSON with where it came from; returns the file's SHA-256."""
        value: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "levels": self.levels.tolist(),
            "risk": {effect: table.tolist() for effect, table in self.risk.items()},
            "provenance": dict(provenance),
        }
        if self.curvatures_1pm is not None:
            value["curvatures_1pm"] = self.curvatures_1pm.tolist()
        if self.nominal is not None:
            value["nominal"] = self.nominal.tolist()
        save_json(path, value)
        return sha256_of(path)

    @staticmethod
    def load(path: Path) -> RiskTable:
        """Read from JSON.

        Raises:
            WeightsError: missing, or not a risk table.
        """
        value = load_json(path)
        try:
            if value["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema {value['schema_version']}, expected {SCHEMA_VERSION}")
            curvatures, nominal = value.get("curvatures_1pm"), value.get("nominal")
            return RiskTable(
                np.asarray(value["levels"], dtype=np.float64),
                {effect: np.asarray(table, dtype=np.float64) for effect, table in value["risk"].items()},
                None if curvatures is None else np.asarray(curvatures, dtype=np.float64),
                None if nominal is None else np.asarray(nominal, dtype=np.float64),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"{path}: not a risk table ({error}); {REBUILD_HINT}") from error
