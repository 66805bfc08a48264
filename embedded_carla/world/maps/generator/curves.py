"""Pieces of reference lines between given poses."""

from __future__ import annotations

import math

from pyclothoids import Clothoid, SolveG2
from scipy.integrate import quad

from embedded_carla.world.maps.generator.opendrive import Piece, Pose

_STRAIGHT_RAD = 1e-9


def line(start: Pose, length_m: float) -> Piece:
    """A straight."""
    return Piece(start, length_m, "line", {})


def arc(start: Pose, length_m: float, curvature_1pm: float) -> Piece:
    """A circular arc, to the left for a positive curvature."""
    return Piece(start, length_m, "arc", {"curvature": curvature_1pm})


def spiral(start: Pose, length_m: float, first_1pm: float, last_1pm: float) -> Piece:
    """A clothoid between two curvatures."""
    return Piece(start, length_m, "spiral", {"curvStart": first_1pm, "curvEnd": last_1pm})


def end(piece: Piece) -> Pose:
    """Pose at the end of a line, an arc or a spiral."""
    values = piece.parameters
    first = float(values.get("curvStart", values.get("curvature", 0.0)))
    last = float(values.get("curvEnd", first))
    start = piece.start
    clothoid = Clothoid.StandardParams(
        start.x_m, start.y_m, start.heading_rad, first, (last - first) / piece.length_m, piece.length_m
    )
    return Pose(clothoid.XEnd, clothoid.YEnd, clothoid.ThetaEnd)


def spirals(start: Pose, first_1pm: float, stop: Pose, last_1pm: float) -> tuple[Piece, ...]:
    """Three clothoids from pose to pose without a jump in curvature (Bertolazzi & Frego 2018)."""
    found = SolveG2(start.x_m, start.y_m, start.heading_rad, first_1pm, stop.x_m, stop.y_m, stop.heading_rad, last_1pm)
    return tuple(spiral(Pose(c.XStart, c.YStart, c.ThetaStart), c.length, c.KappaStart, c.KappaEnd) for c in found)


def turn(start: Pose, stop: Pose) -> Piece:
    """One smooth piece from pose to pose: a straight where they are in line, else a cubic close to a circular arc."""
    dx, dy = stop.x_m - start.x_m, stop.y_m - start.y_m
    cos, sin = math.cos(start.heading_rad), math.sin(start.heading_rad)
    along, aside, chord = dx * cos + dy * sin, dy * cos - dx * sin, math.hypot(dx, dy)
    angle = math.remainder(stop.heading_rad - start.heading_rad, math.tau)
    if abs(angle) < _STRAIGHT_RAD and abs(aside) < 1e-6:
        return line(start, chord)
    # A Bézier handle of 4/3·tan(angle/4) radii follows a circle best; a Hermite tangent is three handles long.
    tangent = chord if abs(angle) < _STRAIGHT_RAD else 4.0 * math.tan(angle / 4.0) * chord / (2.0 * math.sin(angle / 2))
    end_u, end_v = tangent * math.cos(angle), tangent * math.sin(angle)
    c_u, c_v = 3.0 * along - 2.0 * tangent - end_u, 3.0 * aside - end_v
    d_u, d_v = tangent + end_u - 2.0 * along, end_v - 2.0 * aside

    def speed(p: float) -> float:
        return math.hypot(tangent + 2.0 * c_u * p + 3.0 * d_u * p * p, 2.0 * c_v * p + 3.0 * d_v * p * p)

    length_m = float(quad(speed, 0.0, 1.0, epsabs=1e-9)[0])
    parameters: dict[str, float | str] = {
        "aU": 0.0, "bU": tangent, "cU": c_u, "dU": d_u, "aV": 0.0, "bV": 0.0, "cV": c_v, "dV": d_v,
        "pRange": "normalized",
    }  # fmt: skip
    return Piece(start, length_m, "paramPoly3", parameters)
