"""A highway loop: three lanes each way, a median, hard shoulders, and a fourth lane over part of a straight."""

from __future__ import annotations

import math

from embedded_carla.world.maps.generator.curves import arc, end, line, spiral
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

NAME = "Highway"
STRAIGHT_M, RADIUS_M, SPIRAL_M = 600.0, 220.0, 100.0
MEDIAN_M, LANE_M, SHOULDER_M = 2.0, 3.6, 3.0
LANES = 3
EXTRA_START_M, TAPER_M, EXTRA_M = 150.0, 60.0, 250.0
NARROWEST_M = 1e-3
"""Where the fourth lane begins and ends: rounding must not make its width negative."""
_DASHES = Mark("broken", width_m=0.15, dash_m=6.0, gap_m=12.0)
_WIDE_DASHES = Mark("broken", width_m=0.3, dash_m=3.0, gap_m=3.0)
_EDGE = Mark("solid", width_m=0.2)


def _side(sign: int, extra: bool = False, before_extra: bool = False, after_extra: bool = False) -> list[Lane]:
    """Lanes of one direction, from the median outwards; ``extra``: with the fourth lane."""
    outermost, shoulder = LANES + 1, LANES + 2
    lanes = [Lane(sign, "median", constant(MEDIAN_M), (Mark("solid", "yellow", 0.2),), sign, sign)]
    for k in range(2, outermost + 1):
        mark = _DASHES if k < outermost else _WIDE_DASHES if extra else _EDGE
        lanes.append(Lane(sign * k, "driving", constant(LANE_M), (mark,), sign * k, sign * k))
    if extra:
        grown_m = LANE_M - NARROWEST_M
        bend, twist = 3.0 * grown_m / TAPER_M**2, 2.0 * grown_m / TAPER_M**3
        widths = (
            Cubic(0.0, NARROWEST_M, 0.0, bend, -twist),
            Cubic(TAPER_M, LANE_M),
            Cubic(EXTRA_M - TAPER_M, LANE_M, 0.0, -bend, twist),
        )
        lanes.append(Lane(sign * shoulder, "driving", widths, (_EDGE,), sign * outermost, sign * outermost))
    own = sign * (shoulder + extra)
    before, after = sign * (shoulder + before_extra), sign * (shoulder + after_extra)
    lanes.append(Lane(own, "shoulder", constant(SHOULDER_M), (), before, after))
    return lanes


def _sections(with_extra: bool) -> tuple[Section, ...]:
    left = _side(1)
    if not with_extra:
        return (Section(0.0, (*left, *_side(-1))),)
    return (
        Section(0.0, (*left, *_side(-1, after_extra=True))),
        Section(EXTRA_START_M, (*left, *_side(-1, extra=True))),
        Section(EXTRA_START_M + EXTRA_M, (*left, *_side(-1, before_extra=True))),
    )


def _half_turn(start: Pose) -> tuple[Piece, ...]:
    curvature = 1.0 / RADIUS_M
    into = spiral(start, SPIRAL_M, 0.0, curvature)
    round_ = arc(end(into), math.pi * RADIUS_M - SPIRAL_M, curvature)
    return into, round_, spiral(end(round_), SPIRAL_M, curvature, 0.0)


def highway() -> str:
    """OpenDRIVE text of the map."""
    straight = line(Pose(0.0, 0.0, 0.0), STRAIGHT_M)
    bend = _half_turn(end(straight))
    back = line(end(bend[-1]), STRAIGHT_M)
    legs = ((straight,), bend, (back,), _half_turn(end(back)))
    roads = [
        Road(k + 1, f"{NAME} {k + 1}", pieces, _sections(with_extra=k == 0), Link((k - 1) % 4 + 1, "end"),
             Link((k + 1) % 4 + 1, "start"), speed_kmh=110)
        for k, pieces in enumerate(legs)
    ]  # fmt: skip
    return opendrive_text(NAME, "summer", 12, roads)
