"""Descriptions are strict, text is reproducible, and an impossible road says where."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from pydantic import TypeAdapter, ValidationError

from scenarios.roads.build import build_opendrive
from scenarios.roads.centre_line import RoadOverlapError
from scenarios.roads.course import pieces
from scenarios.roads.description import CurveRoad, RoadDescription, WindingRoad
from scenarios.roads.winding import WindingRoadError

ADAPTER: TypeAdapter[CurveRoad | WindingRoad] = TypeAdapter(RoadDescription)


def test_kind_decides_the_model_and_json_round_trips() -> None:
    curves = ADAPTER.validate_python({"kind": "curves", "name": "a", "segments": [{"straight_m": 30}]})
    winding = ADAPTER.validate_python(
        {"kind": "winding", "name": "b", "seed": 3, "length_m": 200, "radius_m": [40, 90]}
    )
    assert isinstance(curves, CurveRoad)
    assert isinstance(winding, WindingRoad)
    for road in (curves, winding):
        assert ADAPTER.validate_json(road.model_dump_json()) == road


@pytest.mark.parametrize(
    "fields",
    [
        {"segments": [{"straight_m": 30, "radius_m": 50}]},
        {"segments": [{"radius_m": 5, "angle_deg": 30}]},
        {"segments": [{"radius_m": 50, "angle_deg": 0}]},
        {"segments": []},
        {"segments": [{"straight_m": 30}], "lane_width": 3},
        {"segments": [{"straight_m": 30}], "name": "../up"},
    ],
)
def test_bad_descriptions_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python({"kind": "curves", "name": "a"} | fields)


def test_same_description_same_bytes_and_header_carries_the_looks() -> None:
    road = WindingRoad(kind="winding", name="w", seed=5, length_m=300, radius_m=(40, 200), texture_pack="moor")
    text = build_opendrive(road, 2**63 - 1)
    assert text == build_opendrive(road, 2**63 - 1)
    user_data = {e.get("code"): e.get("value") for e in ET.fromstring(text).iterfind("header/userData")}
    assert user_data == {"texture_pack": "moor", "scenery_seed": str(2**63 - 1), "run_out_m": "40.0"}
    assert build_opendrive(road.model_copy(update={"seed": 6}), 2**63 - 1) != text


def test_a_road_that_meets_itself_says_where() -> None:
    loop = CurveRoad.model_validate(
        {
            "kind": "curves",
            "name": "loop",
            "segments": [{"straight_m": 60}, {"radius_m": 30, "angle_deg": 355}],
        }
    )
    with pytest.raises(RoadOverlapError, match=r"'loop' comes within .* between s = \d+ m and s = \d+ m"):
        pieces(loop)


def test_a_winding_road_without_room_is_a_named_error() -> None:
    road = WindingRoad(kind="winding", name="knot", seed=1, length_m=1500, radius_m=(15, 15.5), lanes_per_direction=3)
    with pytest.raises(WindingRoadError, match="knot"):
        pieces(road)
