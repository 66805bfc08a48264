"""Segments to a chain of lines, clothoids and arcs, and the points along it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenarios.roads.description import Bend, Straight

LEAD_IN_M = 25.0
"""Shortest straight at the start: the car settles there before anything is judged."""
RUN_OUT_M = 40.0
"""Straight behind what was described, so that a route ends before its road does."""
CLEARANCE_M = 12.0
"""Least distance from one edge of the road to another stretch of the same road."""
_STEP_M = 1.0

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A stretch whose curvature (1/m, left positive) runs linearly from start to end."""

    length_m: float
    curvature_start_1pm: float
    curvature_end_1pm: float


class RoadOverlapError(ValueError):
    """The described road comes too close to itself."""


def clothoid_length_m(radius_m: float, angle_rad: float) -> float:
    """Length of the entry and of the exit clothoid of a bend, m.

    35 % of the radius within 8 to 30 m keeps the lateral jerk v³/(R·L) near 2 m/s³ or below at 2.5 m/s²
    lateral acceleration. Each clothoid turns by L/2R, so a small bend gets shorter ones: at most 45 % of its
    turn each.
    """
    wanted_m = min(max(0.35 * radius_m, 8.0), 30.0)
    return min(wanted_m, 0.9 * abs(angle_rad) * radius_m)


def bend_pieces(bend: Bend) -> tuple[Piece, Piece, Piece]:
    """Entry clothoid, arc, exit clothoid; together they turn by exactly ``bend.angle_deg``."""
    angle_rad = math.radians(bend.angle_deg)
    curvature_1pm = math.copysign(1.0 / bend.radius_m, angle_rad)
    clothoid_m = clothoid_length_m(bend.radius_m, angle_rad)
    arc_m = abs(angle_rad) * bend.radius_m - clothoid_m
    return (
        Piece(clothoid_m, 0.0, curvature_1pm),
        Piece(arc_m, curvature_1pm, curvature_1pm),
        Piece(clothoid_m, curvature_1pm, 0.0),
    )


def chain(segments: Sequence[Straight | Bend]) -> tuple[Piece, ...]:
    """All pieces of a road: lead-in (a first straight counts towards it), segments, run-out."""
    first_m = segments[0].straight_m if segments and isinstance(segments[0], Straight) else 0.0
    pieces = [Piece(max(first_m, LEAD_IN_M), 0.0, 0.0)]
    for segment in segments[1:] if first_m else segments:
        if isinstance(segment, Straight):
            pieces.append(Piece(segment.straight_m, 0.0, 0.0))
        else:
            pieces.extend(bend_pieces(segment))
    pieces.append(Piece(RUN_OUT_M, 0.0, 0.0))
    return tuple(pieces)


def length_m(pieces: Sequence[Piece]) -> float:
    """Length of the chain, run-out included, m."""
    return sum(piece.length_m for piece in pieces)


def sample(pieces: Sequence[Piece]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points about every metre from the origin heading along +x: s_m, x_m, y_m, each (N,).

    The heading is exact (quadratic in s per piece); position by the midpoint rule, good to centimetres, which
    is enough for the clearance check that this serves.
    """
    bounds = np.concatenate([[0.0], np.cumsum([piece.length_m for piece in pieces])])
    count = math.ceil(bounds[-1] / _STEP_M) + 1
    s_m = np.linspace(0.0, bounds[-1], count)
    middle_m = 0.5 * (s_m[1:] + s_m[:-1])
    which = np.searchsorted(bounds, middle_m, side="right") - 1
    turned = np.concatenate(
        [[0.0], np.cumsum([p.length_m * (p.curvature_start_1pm + p.curvature_end_1pm) / 2 for p in pieces])]
    )
    start = np.array([p.curvature_start_1pm for p in pieces])[which]
    rate = np.array([(p.curvature_end_1pm - p.curvature_start_1pm) / p.length_m for p in pieces])[which]
    along = middle_m - bounds[which]
    heading = turned[which] + start * along + 0.5 * rate * along**2
    steps = np.diff(s_m)
    x_m = np.concatenate([[0.0], np.cumsum(steps * np.cos(heading))])
    y_m = np.concatenate([[0.0], np.cumsum(steps * np.sin(heading))])
    return s_m, x_m, y_m


def nearest_approach(pieces: Sequence[Piece], width_m: float) -> tuple[float, float, float] | None:
    """Where the road comes nearer to itself than 12 m: (gap between its edges m, s_m, other s_m), else None.

    Two points count as different stretches when the road between them is longer than a half circle that
    would just keep the clearance: nearer ones are neighbours on one bend.
    """
    from scipy.spatial import cKDTree  # workers read roads too, and check none

    s_m, x_m, y_m = sample(pieces)
    least_m = width_m + CLEARANCE_M
    pairs = cKDTree(np.column_stack([x_m, y_m])).query_pairs(least_m, output_type="ndarray")
    pairs = pairs[np.abs(s_m[pairs[:, 1]] - s_m[pairs[:, 0]]) > 1.05 * math.pi / 2 * least_m]
    if len(pairs) == 0:
        return None
    gaps_m = np.hypot(x_m[pairs[:, 0]] - x_m[pairs[:, 1]], y_m[pairs[:, 0]] - y_m[pairs[:, 1]]) - width_m
    nearest = int(np.argmin(gaps_m))
    first, second = sorted(pairs[nearest])
    return float(gaps_m[nearest]), float(s_m[first]), float(s_m[second])


def require_clearance(name: str, pieces: Sequence[Piece], width_m: float) -> None:
    """Raise `RoadOverlapError` saying where, if the road comes nearer to itself than 12 m."""
    approach = nearest_approach(pieces, width_m)
    if approach is not None:
        gap_m, s_m, other_s_m = approach
        raise RoadOverlapError(
            f"road {name!r} comes within {max(gap_m, 0.0):.1f} m of itself, between s = {s_m:.0f} m and "
            f"s = {other_s_m:.0f} m (at least {CLEARANCE_M:.0f} m are needed): turn less, or lengthen the "
            "straights"
        )
