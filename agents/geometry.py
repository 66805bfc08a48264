"""The reference lane as arrays, and the projection of a pose onto it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Route:
    """Centre line of the lane to keep, sampled at constant spacing, right-handed axes (y = −CARLA y).

    Attributes:
        s_m: arc length, (N,), uniform spacing, starts at 0.
        x_m, y_m, z_m: points, (N,).
        heading_rad: unwrapped tangent direction, counter-clockwise positive, (N,).
        curvature_1pm: signed, left positive, (N,).
        lane_width_m: (N,).
        road_half_width_left_m, road_half_width_right_m: from this centre line to the edge of the drivable area, (N,).
        odd_mask: True where the lane is outside the design domain (junction, lane change, missing marking), (N,) bool.
    """

    s_m: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    z_m: FloatArray
    heading_rad: FloatArray
    curvature_1pm: FloatArray
    lane_width_m: FloatArray
    road_half_width_left_m: FloatArray
    road_half_width_right_m: FloatArray
    odd_mask: npt.NDArray[np.bool_]

    @property
    def length_m(self) -> float:
        """Arc length of the whole route, m."""
        return float(self.s_m[-1])

    @property
    def spacing_m(self) -> float:
        """Distance between samples, m."""
        return float(self.s_m[1] - self.s_m[0])

    def index(self, s_m: float) -> int:
        """Sample nearest to arc length ``s_m``, clamped to the route."""
        return int(min(max(round(s_m / self.spacing_m), 0), len(self.s_m) - 1))

    def project(self, x_m: float, y_m: float, near_s_m: float, window_m: float = 8.0) -> tuple[float, float]:
        """Carry the arc length forward: nearest point within ``window_m`` of ``near_s_m``.

        Returns:
            (s_m, lateral_offset_m), offset left positive. A global nearest-point query would snap to
            another lane or another turn of the road; a local one cannot.
        """
        low = self.index(near_s_m - window_m)
        high = self.index(near_s_m + window_m) + 1
        k = low + int(np.argmin((self.x_m[low:high] - x_m) ** 2 + (self.y_m[low:high] - y_m) ** 2))
        heading = self.heading_rad[k]
        dx, dy = x_m - self.x_m[k], y_m - self.y_m[k]
        along = dx * np.cos(heading) + dy * np.sin(heading)
        across = -dx * np.sin(heading) + dy * np.cos(heading)
        # The tangent turns by curvature·along between the sample and the foot point: second-order term of the offset.
        lateral_offset_m = across - 0.5 * self.curvature_1pm[k] * along * along
        s_m = min(max(self.s_m[k] + along, 0.0), self.length_m)
        return float(s_m), float(lateral_offset_m)

    def curvature_ahead_1pm(self, s_m: float, distance_m: float) -> float:
        """Signed curvature of largest magnitude on [s, s + distance]."""
        part = self.curvature_1pm[self.index(s_m) : self.index(s_m + distance_m) + 1]
        return float(part[int(np.argmax(np.abs(part)))])
