"""A road description to its course, and where on it the ego drives; what a campaign's plan needs of a road.

Apart from the OpenDRIVE text (`scenarios.roads.build`), whose library takes most of a second to import.
"""

from __future__ import annotations

from scenarios.roads.centre_line import RUN_OUT_M, Piece, chain, length_m, require_clearance
from scenarios.roads.description import CurveRoad, WindingRoad
from scenarios.roads.winding import winding_segments

ROAD_ID = 1
EGO_LANE_ID = -1


def pieces(description: CurveRoad | WindingRoad) -> tuple[Piece, ...]:
    """Lines, clothoids and arcs of the road, checked to stay 12 m clear of itself.

    Raises:
        RoadOverlapError, WindingRoadError: the road cannot keep clear of itself.
    """
    if isinstance(description, WindingRoad):
        return chain(winding_segments(description))
    road = chain(description.segments)
    require_clearance(description.name, road, description.width_m)
    return road


def route_length_m(description: CurveRoad | WindingRoad) -> float:
    """Length meant to be driven (the road without its run-out), m."""
    return length_m(pieces(description)) - RUN_OUT_M
