"""A random winding road from a seed."""

from __future__ import annotations

import math

import numpy as np

from scenarios.roads.centre_line import (
    CLEARANCE_M,
    RUN_OUT_M,
    chain,
    clothoid_length_m,
    length_m,
    nearest_approach,
)
from scenarios.roads.description import Bend, Straight, WindingRoad

_ATTEMPTS = 300


class WindingRoadError(ValueError):
    """No draw of a winding road kept clear of itself."""


def _draw(rng: np.random.Generator, road: WindingRoad) -> list[Straight | Bend]:
    low_m, high_m = road.radius_m
    segments: list[Straight | Bend] = [Straight(straight_m=round(float(rng.uniform(25, 40)), 2))]
    heading_deg = 0.0
    while (missing_m := road.length_m - (length_m(chain(segments)) - RUN_OUT_M)) > 1.0:
        if rng.random() < 0.35:
            segments.append(Straight(straight_m=round(min(float(rng.uniform(8, 35)), missing_m), 2)))
            continue
        # Uniform in the logarithm: as many bends per octave of radius at both ends of the interval.
        radius_m = round(math.exp(rng.uniform(math.log(low_m), math.log(high_m))), 2)
        room_m = missing_m - clothoid_length_m(radius_m, math.pi)
        turn_m = min(float(rng.uniform(35, 90)), room_m)
        angle_deg = round(min(math.degrees(turn_m / radius_m), 120.0), 2)
        # Turning back is likelier the further the road has turned, so that it seldom closes on itself.
        left = rng.random() < 0.5 - 0.45 * math.tanh(heading_deg / 60.0)
        if turn_m < 15.0 or angle_deg < 3.0:
            segments.append(Straight(straight_m=round(missing_m, 2)))
            continue
        angle_deg = angle_deg if left else -angle_deg
        heading_deg += angle_deg
        segments.append(Bend(radius_m=radius_m, angle_deg=angle_deg))
    return segments


def winding_segments(road: WindingRoad) -> tuple[Straight | Bend, ...]:
    """The segments that ``road.seed`` stands for; redrawn from the same stream until clear of themselves.

    Raises:
        WindingRoadError: no clear road in 300 draws.
    """
    rng = np.random.Generator(np.random.PCG64(road.seed))
    for _ in range(_ATTEMPTS):
        segments = _draw(rng, road)
        if nearest_approach(chain(segments), road.width_m) is None:
            return tuple(segments)
    raise WindingRoadError(
        f"road {road.name!r}: no winding road of {road.length_m:.0f} m with radii {road.radius_m[0]:g} to "
        f"{road.radius_m[1]:g} m kept {CLEARANCE_M:.0f} m clear of itself in {_ATTEMPTS} draws; "
        "shorten it or widen its bends"
    )
