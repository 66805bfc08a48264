"""Random OpenDRIVE roads with all that ``carla.Map`` reads, and that map's own idea of where their borders lie."""

from __future__ import annotations

import math
import random

import carla
import numpy as np
import numpy.typing as npt
from pyclothoids import Clothoid

FloatArray = npt.NDArray[np.float64]

KINDS = (
    "none", "solid", "broken", "solid solid", "solid broken", "broken solid", "broken broken", "botts dots", "curb",
)  # fmt: skip
COLOURS = ("standard", "white", "yellow", "blue", "green", "red", "orange")
LANE_TYPES = ("driving", "shoulder", "sidewalk", "parking", "none", "border", "biking", "median", "restricted", "stop")
SHARPEST_1PM = 1.0 / 60.0


class RoadWriter:
    """Writes one random road of a few pieces, sections and lanes, about ``60``-``110`` m long."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._x, self._y, self._heading, self.length_m = 0.0, 0.0, self._rng.uniform(-3.0, 3.0), 0.0

    def _between(self, low: float, high: float) -> float:
        return self._rng.uniform(low, high)

    def _piece(self) -> str:
        kind, length = self._rng.choice(("line", "arc", "spiral", "poly3", "paramPoly3")), self._between(20.0, 35.0)
        start = (self._x, self._y, self._heading)
        first, last = (self._between(-SHARPEST_1PM, SHARPEST_1PM) for _ in range(2))
        if kind in ("line", "arc", "spiral"):
            first = 0.0 if kind == "line" else first
            last = last if kind == "spiral" else first
            way = Clothoid.StandardParams(*start, first, (last - first) / length, length)
            self._x, self._y, self._heading = way.XEnd, way.YEnd, way.ThetaEnd
            shape = {
                "line": "<line/>",
                "arc": f'<arc curvature="{first}"/>',
                "spiral": f'<spiral curvStart="{first}" curvEnd="{last}"/>',
            }[kind]
        else:
            shape, length = self._cubic(kind, first, last, length)
        text = (
            f'<geometry s="{self.length_m}" x="{start[0]}" y="{start[1]}" hdg="{start[2]}" length="{length}">'
            f"{shape}</geometry>"
        )
        self.length_m += length
        return text

    def _cubic(self, kind: str, first: float, last: float, reach_m: float) -> tuple[str, float]:
        """v(u) = c·u² + d·u³ with the given curvatures at its ends; moves the pose to its end."""
        c, d = first / 2.0, (last - first) / (6.0 * reach_m)
        u = np.linspace(0.0, reach_m, 20001)
        length = float(np.trapezoid(np.hypot(1.0, 2 * c * u + 3 * d * u**2), u))
        v, slope = c * reach_m**2 + d * reach_m**3, 2 * c * reach_m + 3 * d * reach_m**2
        cos, sin = math.cos(self._heading), math.sin(self._heading)
        self._x, self._y = self._x + reach_m * cos - v * sin, self._y + reach_m * sin + v * cos
        self._heading += math.atan(slope)
        if kind == "poly3":
            return f'<poly3 a="0" b="0" c="{c}" d="{d}"/>', length
        return (
            f'<paramPoly3 aU="0" bU="{reach_m}" cU="0" dU="0" aV="0" bV="0" cV="{c * reach_m**2}"'
            f' dV="{d * reach_m**3}" pRange="normalized"/>'
        ), length

    def _chain(self, tag: str, start_name: str, span_m: float, first: float, slope: float, bend: float) -> str:
        """One to three polynomial records that join without a step; slopes about ``slope``, curvatures ``bend``."""
        starts = [0.0, *sorted(self._between(5.0, span_m - 5.0) for _ in range(self._rng.randint(0, 2)))]
        text, a = [], first
        for start, end in zip(starts, [*starts[1:], span_m], strict=True):
            b, c, d = self._between(-slope, slope), self._between(-bend, bend), self._between(-bend, bend) / 50.0
            text.append(f'<{tag} {start_name}="{start}" a="{a}" b="{b}" c="{c}" d="{d}"/>')
            step = end - start
            a += b * step + c * step**2 + d * step**3
        return "".join(text)

    def _widths(self, span_m: float) -> str:
        """A width that swings between two values, or stays."""
        narrow, wide = self._between(2.2, 3.2), self._between(3.2, 4.2)
        if self._rng.random() < 0.3:
            return f'<width sOffset="0" a="{wide}" b="0" c="0" d="0"/>'
        half = span_m / 2.0
        rise = wide - narrow
        c, d = 3.0 * rise / half**2, -2.0 * rise / half**3
        return (
            f'<width sOffset="0" a="{narrow}" b="0" c="{c}" d="{d}"/>'
            f'<width sOffset="{half}" a="{wide}" b="{-rise / half}" c="0" d="0"/>'
        )

    def _marks(self, span_m: float) -> str:
        starts = [0.0, *([self._between(3.0, span_m - 3.0)] if self._rng.random() < 0.5 else [])]
        return "".join(
            f'<roadMark sOffset="{start}" type="{self._rng.choice(KINDS)}" weight="standard"'
            f' color="{self._rng.choice(COLOURS)}" width="{self._between(0.1, 0.25)}"/>'
            for start in starts
        )

    def _section(self, start_m: float, span_m: float) -> str:
        def lane(lane_id: int) -> str:
            kind = "driving" if abs(lane_id) == 1 else self._rng.choice(LANE_TYPES)
            return f'<lane id="{lane_id}" type="{kind}">{self._widths(span_m)}{self._marks(span_m)}</lane>'

        left = "".join(lane(k) for k in range(self._rng.randint(1, 3), 0, -1))
        right = "".join(lane(-k) for k in range(1, self._rng.randint(1, 3) + 1))
        return (
            f'<laneSection s="{start_m}"><left>{left}</left><center><lane id="0" type="none">{self._marks(span_m)}'
            f"</lane></center><right>{right}</right></laneSection>"
        )

    def text(self) -> str:
        """The OpenDRIVE text."""
        plan = "".join(self._piece() for _ in range(3))
        length = self.length_m
        cuts = [0.0, *sorted(self._rng.sample([length / 3.0, length / 2.0, length / 1.4], self._rng.randint(0, 2)))]
        sections = "".join(self._section(a, b - a) for a, b in zip(cuts, [*cuts[1:], length], strict=True))
        heights = self._chain("elevation", "s", length, self._between(0.0, 20.0), 0.05, 0.0005)
        offsets = self._chain("laneOffset", "s", length, 0.0, 0.04, 0.0005)
        return (
            '<OpenDRIVE><header revMajor="1" revMinor="4" name="t"/>'
            f'<road name="r" length="{length}" id="1" junction="-1"><planView>{plan}</planView>'
            f"<elevationProfile>{heights}</elevationProfile>"
            '<lateralProfile><superelevation s="0" a="0.03" b="0" c="0" d="0"/></lateralProfile>'
            f"<lanes>{offsets}{sections}</lanes></road></OpenDRIVE>"
        )


def lane_ids(carla_map: carla.Map, road_id: int, s_m: float) -> list[int]:
    """Ids of the road's lanes at ``s_m`` from left to right."""
    found: list[int] = []
    for sign in (1, -1):
        k = sign
        while _has_lane(carla_map, road_id, k, s_m):
            found.append(k)
            k += sign
    return sorted(found, reverse=True)


def _has_lane(carla_map: carla.Map, road_id: int, lane_id: int, s_m: float) -> bool:
    return carla_map.get_waypoint_xodr(road_id, lane_id, s_m) is not None


def map_borders(carla_map: carla.Map, road_id: int, s_m: float) -> FloatArray:
    """(L + 1, 3) borders of the L ≥ 2 lanes from left to right, from lane centres and widths alone.

    A border divides the way between two neighbouring centres as their widths; no heading is involved, which
    ``carla.Map`` turns with the lane's taper.
    """
    lanes = [carla_map.get_waypoint_xodr(road_id, k, s_m) for k in lane_ids(carla_map, road_id, s_m)]
    centres = np.array([[w.transform.location.x, w.transform.location.y, w.transform.location.z] for w in lanes])
    widths = np.array([w.lane_width for w in lanes])
    share = (widths[:-1] / (widths[:-1] + widths[1:]))[:, None]
    inner = centres[:-1] + share * np.diff(centres, axis=0)
    return np.concatenate([[2 * centres[0] - inner[0]], inner, [2 * centres[-1] - inner[-1]]])


def map_marks(carla_map: carla.Map, road_id: int, s_m: float) -> list[carla.LaneMarking | None]:
    """The marking on each border of ``map_borders``, as the waypoints beside it tell."""
    lanes = [carla_map.get_waypoint_xodr(road_id, k, s_m) for k in lane_ids(carla_map, road_id, s_m)]
    outer = [w.right_lane_marking for w in lanes]  # a lane owns the border away from the reference line
    left = [mark for w, mark in zip(lanes, outer, strict=True) if w.lane_id > 0]
    right = [mark for w, mark in zip(lanes, outer, strict=True) if w.lane_id < 0]
    innermost = next(w for w in lanes if abs(w.lane_id) == 1)
    return [*left, innermost.left_lane_marking, *right]
