"""Where lanes lie: stations along a lane section and the points of its borders, all asked from ``carla.Map``."""

from __future__ import annotations

from dataclasses import dataclass

import carla
import numpy as np
import numpy.typing as npt

from embedded_carla.scene.lanes import LaneSection, RoadLanes

FloatArray = npt.NDArray[np.float64]

CHORD_ERROR_M = 0.008
LONGEST_STEP_M = 8.0
DENSE_STEP_M = 1.0
END_INSET_M = 1e-4
OVERLAP_M = 0.05


@dataclass(frozen=True)
class SectionGeometry:
    """Sampled lane section: N stations, L lanes from left to right.

    Attributes:
        s_m: (N,) road coordinate.
        centres: (L, N, 3) lane centres. borders: (L + 1, N, 3). widths: (L, N).
        right: (N, 2) unit vector to the right of the road's direction.
        curvature_1pm: (N,) turning to the right positive.
    """

    s_m: FloatArray
    centres: FloatArray
    borders: FloatArray
    widths: FloatArray
    right: FloatArray
    curvature_1pm: FloatArray


def _lane_samples(carla_map: carla.Map, road_id: int, lane_id: int, s_m: FloatArray) -> FloatArray | None:
    """(N, 4): x, y, z, width; None if the map does not know the lane."""
    rows = []
    for s in s_m:
        waypoint = carla_map.get_waypoint_xodr(road_id, lane_id, float(s))
        if waypoint is None:
            return None
        location = waypoint.transform.location
        rows.append((location.x, location.y, location.z, waypoint.lane_width))
    return np.array(rows)


def _right_vectors(carla_map: carla.Map, road_id: int, lane_id: int, s_m: FloatArray) -> FloatArray:
    """(N, 2): unit vectors to the right of the direction of s."""
    yaws = [carla_map.get_waypoint_xodr(road_id, lane_id, float(s)).transform.rotation.yaw for s in s_m]
    yaw = np.radians(yaws)
    right = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    first = carla_map.get_waypoint_xodr(road_id, lane_id, float(s_m[0])).transform.location
    last = carla_map.get_waypoint_xodr(road_id, lane_id, float(s_m[1])).transform.location
    # Waypoints of lanes driven against s look backwards.
    backwards = (last.x - first.x) * right[0, 1] - (last.y - first.y) * right[0, 0] < 0.0
    return -right if backwards else right


def choose_stations(points: FloatArray, s_m: FloatArray, keep: FloatArray) -> npt.NDArray[np.intp]:
    """Indices of dense samples to keep so that chords stay within 8 mm of the curve and no step is over 8 m."""
    chosen = [0]
    low = 0
    for k in range(2, len(s_m) + 1):
        if k < len(s_m):
            chord = points[k] - points[low]
            inner = points[low + 1 : k] - points[low]
            length = float(np.hypot(chord[0], chord[1])) or 1e-9
            sideways = np.abs(chord[0] * inner[:, 1] - chord[1] * inner[:, 0]) / length
            upwards = np.abs(inner[:, 2] - chord[2] * np.linspace(0, 1, k - low + 1)[1:-1])
            good = sideways.max() <= CHORD_ERROR_M and upwards.max() <= 2 * CHORD_ERROR_M
            good = good and s_m[k] - s_m[low] <= LONGEST_STEP_M
            if good and not np.any((keep > s_m[low] + 1e-6) & (keep < s_m[k] - 1e-6)):
                continue
        low = k - 1
        if low != chosen[-1]:
            chosen.append(low)
    return np.array(chosen)


def sample_section(
    carla_map: carla.Map, road: RoadLanes, section: LaneSection, mark_changes_m: FloatArray
) -> SectionGeometry | None:
    """Sample a lane section; None if ``carla.Map`` knows none of its lanes.

    ``mark_changes_m`` are road coordinates that must be stations because a painted line changes there.
    """
    low, high = section.start_s_m + END_INSET_M, section.end_s_m - END_INSET_M
    if high - low < 1e-3:
        return None
    count = max(int(np.ceil((high - low) / DENSE_STEP_M)), 2) + 1
    dense = np.linspace(low, high, count)
    inside = mark_changes_m[(mark_changes_m > low + 1e-3) & (mark_changes_m < high - 1e-3)]
    dense = np.unique(np.concatenate([dense, inside]))
    centre_id = min((lane.lane_id for lane in section.lanes), key=abs)
    spine = _lane_samples(carla_map, road.road_id, centre_id, dense)
    if spine is None:
        return None
    s_m = dense[choose_stations(spine[:, :3], dense, inside)]
    right = _right_vectors(carla_map, road.road_id, centre_id, s_m)
    samples = [_lane_samples(carla_map, road.road_id, lane.lane_id, s_m) for lane in section.lanes]
    if any(sample is None for sample in samples):
        return None
    rows = np.stack([sample for sample in samples if sample is not None])
    centres, widths = rows[:, :, :3].copy(), rows[:, :, 3]
    across = np.concatenate([right, np.zeros((len(s_m), 1))], axis=1)
    left_edges = centres - across * (0.5 * widths)[:, :, None]
    right_edges = centres + across * (0.5 * widths)[:, :, None]
    borders = np.concatenate([left_edges[:1], 0.5 * (right_edges[:-1] + left_edges[1:]), right_edges[-1:]])
    heading = np.unwrap(np.arctan2(-right[:, 0], right[:, 1]))
    curvature = np.gradient(heading, s_m) if len(s_m) > 2 else np.zeros(len(s_m))
    # Neighbouring pieces overlap a little, so that no gap can open between them.
    forward = np.concatenate([[right[-1, 1], -right[-1, 0]], [0.0]]) * OVERLAP_M
    centres[:, -1] += forward
    borders[:, -1] += forward
    return SectionGeometry(s_m, centres, borders, widths, right, curvature)
