"""Where lanes lie: stations along a lane section and the points of its borders, all asked from ``carla.Map``."""

from __future__ import annotations

from dataclasses import dataclass

import carla
import numpy as np
import numpy.typing as npt

from embedded_carla.scene.lanes import LaneSection, OpenDriveError, RoadLanes, slope

FloatArray = npt.NDArray[np.float64]

CHORD_ERROR_M = 0.008
BORDER_CHORD_ERROR_M = 0.014
LARGEST_SAG_M = 0.013
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
    """(N, 5): x, y, z, width, yaw in degrees; None if the map does not know the lane.

    Raises:
        OpenDriveError: the map puts it nowhere.
    """
    rows = []
    for s in s_m:
        waypoint = carla_map.get_waypoint_xodr(road_id, lane_id, float(s))
        if waypoint is None:
            return None
        transform = waypoint.transform
        place = transform.location
        rows.append((place.x, place.y, place.z, waypoint.lane_width, transform.rotation.yaw))
    samples = np.array(rows)
    if not np.isfinite(samples).all():
        raise OpenDriveError(
            f"road {road_id} lane {lane_id} lies nowhere: look for numbers that are missing or not finite in its "
            "planView, elevationProfile, laneOffset or width elements"
        )
    return samples


def _drift(road: RoadLanes, section: LaneSection, lane_id: int, own_share: float, s_m: FloatArray) -> FloatArray:
    """(N,): metres to the right, per metre of road, by which a line moves off the reference line.

    The line lies in lane ``lane_id`` (0: on the border without width) at ``own_share`` of its width from its inner
    border. ``carla.Map`` turns the waypoints in a lane's middle by this slope, taken as an angle in rad.
    """
    sign = 1 if lane_id > 0 else -1
    to_left = slope(road.offsets, s_m)
    for lane in section.lanes:
        if 0 < lane.lane_id * sign <= abs(lane_id):
            share = own_share if lane.lane_id == lane_id else 1.0
            to_left = to_left + sign * share * slope(lane.widths, s_m)
    return -to_left


def _border_drifts(road: RoadLanes, section: LaneSection, s_m: FloatArray) -> FloatArray:
    """(L + 1, N): the same for all lane borders, from left to right."""
    left = [lane.lane_id for lane in section.lanes if lane.lane_id > 0]
    right = [lane.lane_id for lane in section.lanes if lane.lane_id < 0]
    return np.stack([_drift(road, section, lane_id, 1.0, s_m) for lane_id in (*left, 0, *right)])


def _right_vectors(spine: FloatArray, drift: FloatArray) -> FloatArray:
    """(N, 2): unit vectors to the right of the direction of s, square to the reference line."""
    yaw = np.radians(spine[:, 4] - np.degrees(drift))
    right = np.stack([-np.sin(yaw), np.cos(yaw)], axis=1)
    first, last = spine[0], spine[1]
    # Waypoints of lanes driven against s look backwards.
    backwards = (last[0] - first[0]) * right[0, 1] - (last[1] - first[1]) * right[0, 0] < 0.0
    return -right if backwards else right


def choose_stations(lines: FloatArray, limits_m: FloatArray, s_m: FloatArray, keep: FloatArray) -> npt.NDArray[np.intp]:
    """Indices of dense samples to keep: chords stay near the curves and no step is over 8 m.

    Args:
        lines: (K, N, 3) samples of K lines along the road. limits_m: (K,) how far from them chords may run sideways;
            upwards it may be twice as far.
        s_m: (N,) road coordinates of the samples.
        keep: road coordinates that must stay.
    """
    chosen = [0]
    low = 0
    for k in range(2, len(s_m) + 1):
        if k < len(s_m):
            chord = (lines[:, k] - lines[:, low])[:, None]
            inner = lines[:, low + 1 : k] - lines[:, low][:, None]
            length = np.maximum(np.hypot(chord[..., 0], chord[..., 1]), 1e-9)
            sideways = np.abs(chord[..., 0] * inner[..., 1] - chord[..., 1] * inner[..., 0]) / length
            share = (s_m[low + 1 : k] - s_m[low]) / (s_m[k] - s_m[low])
            upwards = np.abs(inner[..., 2] - chord[..., 2] * share)
            good = bool((np.maximum(sideways, 0.5 * upwards) <= limits_m[:, None]).all())
            good = good and s_m[k] - s_m[low] <= LONGEST_STEP_M
            if good and not np.any((keep > s_m[low] + 1e-6) & (keep < s_m[k] - 1e-6)):
                continue
        low = k - 1
        if low != chosen[-1]:
            chosen.append(low)
    return np.array(chosen)


def _breaks(road: RoadLanes, section: LaneSection, mark_changes_m: FloatArray, low: float, high: float) -> FloatArray:
    """Road coordinates inside a section just behind where a line, a width, the lane offset or the height changes."""
    widths = [record.start_s_m for lane in section.lanes for record in lane.widths]
    offsets = [record.start_s_m for record in road.offsets]
    breaks = np.concatenate([mark_changes_m, widths, offsets, road.elevation_starts_m])
    if len(widths) > len(section.lanes) or np.any(_border_drifts(road, section, np.linspace(low, high, 16))):
        # A border that is not parallel to the reference line has a kink where the curvature jumps.
        breaks = np.concatenate([breaks, road.joints_m])
    return breaks[(breaks > low + 1e-3) & (breaks < high - 1e-3)] + END_INSET_M


def _dense_step(carla_map: carla.Map, road: RoadLanes, section: LaneSection, low: float, high: float) -> float | None:
    """Distance (m) of samples that resolves the section's sharpest bend; None if ``carla.Map`` knows no such lane."""
    s_m = np.linspace(low, high, max(int(np.ceil((high - low) / DENSE_STEP_M)), 2) + 1)
    sharpest = 0.0
    for lane in (section.lanes[0], section.lanes[-1]):
        samples = _lane_samples(carla_map, road.road_id, lane.lane_id, s_m)
        if samples is None:
            return None
        turns = np.abs(np.diff(np.unwrap(np.radians(samples[:, 4]))))
        sharpest = max(sharpest, float((np.hypot(*np.diff(samples[:, :2], axis=0).T) * turns / 8.0).max()))
    return DENSE_STEP_M / max(np.ceil(np.sqrt(sharpest / LARGEST_SAG_M)), 1.0)


def _borders(centres: FloatArray, widths: FloatArray, right: FloatArray) -> FloatArray:
    """(L + 1, N, 3) lane borders from lane centres (L, N, 3), widths (L, N) and vectors to the right (N, 2)."""
    across = np.concatenate([right, np.zeros((len(right), 1))], axis=1)
    left_edges = centres - across * (0.5 * widths)[:, :, None]
    right_edges = centres + across * (0.5 * widths)[:, :, None]
    return np.concatenate([left_edges[:1], 0.5 * (right_edges[:-1] + left_edges[1:]), right_edges[-1:]])


def sample_section(
    carla_map: carla.Map, road: RoadLanes, section: LaneSection, mark_changes_m: FloatArray
) -> SectionGeometry | None:
    """Sample a lane section; None if ``carla.Map`` knows none of its lanes.

    ``mark_changes_m`` are road coordinates that must be stations because a painted line changes there.
    """
    low, high = section.start_s_m + END_INSET_M, section.end_s_m - END_INSET_M
    if high - low < 1e-3:
        return None
    step_m = _dense_step(carla_map, road, section, low, high)
    if step_m is None:
        return None
    count = max(int(np.ceil((high - low) / step_m)), 2) + 1
    inside = _breaks(road, section, mark_changes_m, low, high)
    dense = np.unique(np.concatenate([np.linspace(low, high, count), inside]))
    samples = [_lane_samples(carla_map, road.road_id, lane.lane_id, dense) for lane in section.lanes]
    if any(sample is None for sample in samples):
        return None
    rows = np.stack([sample for sample in samples if sample is not None])
    spine = min(range(len(section.lanes)), key=lambda k: abs(section.lanes[k].lane_id))
    right = _right_vectors(rows[spine], _drift(road, section, section.lanes[spine].lane_id, 0.5, dense))
    borders = _borders(rows[:, :, :3], rows[:, :, 3], right)
    limits_m = np.array([CHORD_ERROR_M, *[BORDER_CHORD_ERROR_M] * len(borders)])
    stations = choose_stations(np.concatenate([rows[spine, None, :, :3], borders]), limits_m, dense, inside)
    s_m, right = dense[stations], right[stations]
    centres, widths, borders = rows[:, stations, :3].copy(), rows[:, stations, 3], borders[:, stations]
    heading = np.unwrap(np.arctan2(-right[:, 0], right[:, 1]))
    curvature = np.gradient(heading, s_m) if len(s_m) > 2 else np.zeros(len(s_m))
    # Neighbouring pieces overlap a little, so that no gap can open between them.
    across = np.array([*right[-1], 0.0]) * OVERLAP_M
    forward = np.concatenate([[right[-1, 1], -right[-1, 0]], [0.0]]) * OVERLAP_M
    drifts = _border_drifts(road, section, dense[-1:])
    borders[:, -1] += forward + drifts * across
    centres[:, -1] += forward + 0.5 * (drifts[:-1] + drifts[1:]) * across
    return SectionGeometry(s_m, centres, borders, widths, right, curvature)
