"""Score functions as a caller would write them."""

from __future__ import annotations

from benchmarks.sensor_sim_calibration import edges_against_grain
from sensor_sim.effects.effect import Frame

sharpness = edges_against_grain


def too_few(frames: list[Frame], names: list[str]) -> list[float]:
    """Wrong: one score for all frames."""
    return [50.0]
