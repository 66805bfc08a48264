"""A winding two-lane country road, closed to a loop, with grades of up to 6 %."""

from __future__ import annotations

import math

import numpy as np
from scipy.interpolate import CubicSpline

from embedded_carla.world.maps.generator.curves import spirals
from embedded_carla.world.maps.generator.opendrive import (
    Cubic,
    Lane,
    Link,
    Mark,
    Piece,
    Pose,
    Road,
    Section,
    constant,
    opendrive_text,
)

NAME = "CountryRoad"
LEGS = 24
ROADS = 6
STEEPEST = 0.06
HILLS_M = (0.0, 5.0, 9.0, 4.0, 1.0, 6.0, 13.0, 15.0, 9.0, 5.0, 8.0, 3.0)
NO_OVERTAKING_1PM = 1.0 / 90.0
LANE_M, SHOULDER_M = 3.25, 0.75


def _loop(angle: float) -> complex:
    radius = 200.0 + 34.0 * math.cos(3.0 * angle + 0.4) + 22.0 * math.cos(5.0 * angle + 2.0)
    return complex(1.35 * radius * math.cos(angle), radius * math.sin(angle))


def _pose(angle: float) -> tuple[Pose, float]:
    """Pose on the loop and its curvature, by central differences."""
    step = 1e-4
    before, here, after = _loop(angle - step), _loop(angle), _loop(angle + step)
    first, second = (after - before) / (2 * step), (after - 2 * here + before) / step**2
    curvature = (first.real * second.imag - first.imag * second.real) / abs(first) ** 3
    return Pose(here.real, here.imag, math.atan2(first.imag, first.real)), curvature


def _legs() -> list[tuple[Piece, ...]]:
    poses = [_pose(math.tau * k / LEGS) for k in range(LEGS)]
    return [spirals(*poses[k], *poses[(k + 1) % LEGS]) for k in range(LEGS)]


def _heights(loop_m: float) -> CubicSpline:
    """Height over distance round the loop, its steepest slope 6 %."""
    s_m = np.linspace(0.0, loop_m, len(HILLS_M) + 1)
    hills = np.array([*HILLS_M, HILLS_M[0]])
    steepest = float(np.abs(CubicSpline(s_m, hills, bc_type="periodic")(np.arange(0.0, loop_m, 0.5), 1)).max())
    return CubicSpline(s_m, hills * STEEPEST / steepest, bc_type="periodic")


def _records(spline: CubicSpline, low_m: float, high_m: float) -> tuple[Cubic, ...]:
    """The spline between two distances as records of a road that begins at the first."""
    inside = [float(x) for x in spline.x if low_m + 1e-6 < x < high_m - 1e-6]
    records = []
    for s_m in (low_m, *inside):
        value, first, second = (float(spline(s_m, order)) for order in range(3))
        third = float(spline(s_m + 1e-3, 3))  # constant between knots, and a jump at one
        records.append(Cubic(s_m - low_m, value, first, second / 2.0, third / 6.0))
    return tuple(records)


def _centre(legs: list[tuple[Piece, ...]]) -> tuple[Mark, ...]:
    """No overtaking through sharp bends."""
    marks: list[Mark] = []
    s_m = 0.0
    for leg in legs:
        sharpest = max(abs(float(piece.parameters[end])) for piece in leg for end in ("curvStart", "curvEnd"))
        mark = Mark("solid" if sharpest > NO_OVERTAKING_1PM else "broken", start_m=s_m)
        if not marks or marks[-1].kind != mark.kind:
            marks.append(mark)
        s_m += sum(piece.length_m for piece in leg)
    return tuple(marks)


def _lanes() -> tuple[Lane, ...]:
    lanes = []
    for side in (1, -1):
        lanes.append(Lane(side, "driving", constant(LANE_M), (Mark("solid"),), side, side))
        lanes.append(Lane(2 * side, "shoulder", constant(SHOULDER_M), (), 2 * side, 2 * side))
    return tuple(lanes)


def country_road() -> str:
    """OpenDRIVE text of the map."""
    legs = _legs()
    per_road = LEGS // ROADS
    ends = np.concatenate([[0.0], np.cumsum([sum(piece.length_m for piece in leg) for leg in legs])])
    spline = _heights(float(ends[-1]))
    roads = []
    for k in range(ROADS):
        own = legs[k * per_road : (k + 1) * per_road]
        low_m, high_m = float(ends[k * per_road]), float(ends[(k + 1) * per_road])
        before, after = Link((k - 1) % ROADS + 1, "end"), Link((k + 1) % ROADS + 1, "start")
        section = Section(0.0, _lanes(), _centre(own))
        pieces = tuple(piece for leg in own for piece in leg)
        name = f"{NAME} {k + 1}"
        roads.append(
            Road(k + 1, name, pieces, (section,), before, after, _records(spline, low_m, high_m), speed_kmh=70)
        )
    return opendrive_text(NAME, "spring", 11, roads)
