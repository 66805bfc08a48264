"""An exported episode, read back by the mcap library's own reader."""

from __future__ import annotations

import base64
import io
import json

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader

from harness.evaluation.episode_data import EpisodeData
from reports.mcap_export import episode_mcap

TICKS = 30
WIDTH_M = 3.5


@pytest.fixture(scope="module")
def messages() -> dict[str, list[tuple[str, int, dict]]]:
    """Topic -> (schema, log time, content) of a run along y (CARLA's −y), 0.4 m left of the lane's middle."""
    zeros = np.zeros(TICKS)
    columns = {
        "tick": np.arange(TICKS, dtype=np.int32),
        "time_s": np.arange(TICKS) * 0.05,
        "x_m": zeros + 7.0,
        "y_m": -np.arange(TICKS) * 0.5,
        "z_m": zeros,
        "yaw_deg": zeros - 90.0,
        "heading_error_deg": zeros,
        "lateral_offset_m": zeros + 0.4,
        "lane_width_m": zeros + WIDTH_M,
        "score__random": np.where(np.arange(TICKS) == 3, np.nan, 0.5),
    }
    events = {
        "outcome": "completed",
        "departures": [{"grade": "G0", "onset_s": 1.0, "end_s": 1.2}],
        "takeovers": [{"alarm_s": 0.2, "start_s": 1.2, "end_s": None}],
    }
    crop = np.full((66, 200, 3), (250, 20, 20), np.uint8)
    content = episode_mcap(EpisodeData({"episode_id": "e1", "tick_s": 0.05}, columns, events), [(4, crop)])
    found: dict[str, list[tuple[str, int, dict]]] = {}
    for schema, channel, message in make_reader(io.BytesIO(content)).iter_messages():
        assert schema is not None and schema.encoding == "jsonschema" and json.loads(schema.data)["type"] == "object"
        found.setdefault(channel.topic, []).append((schema.name, message.log_time, json.loads(message.data)))
    return found


def test_every_topic_has_its_foxglove_schema(messages: dict[str, list[tuple[str, int, dict]]]) -> None:
    schemas = {topic: {schema for schema, _, _ in entries} for topic, entries in messages.items()}
    assert schemas == {
        "/ego": {"foxglove.PoseInFrame"},
        "/lane": {"foxglove.SceneUpdate"},
        "/tick": {"closed_loop.Tick"},
        "/events": {"foxglove.Log"},
        "/camera/crop": {"foxglove.CompressedImage"},
    }
    assert len(messages["/ego"]) == len(messages["/tick"]) == TICKS


def test_poses_are_right_handed_and_on_time(messages: dict[str, list[tuple[str, int, dict]]]) -> None:
    _, log_time, content = messages["/ego"][20]
    assert log_time == 1_000_000_000 and content["timestamp"] == {"sec": 1, "nsec": 0}
    assert content["pose"]["position"] == {"x": 7.0, "y": 10.0, "z": 0.0}
    turned = content["pose"]["orientation"]
    assert 2 * np.degrees(np.arctan2(turned["z"], turned["w"])) == pytest.approx(90.0)


def test_borders_lie_half_a_lane_beside_its_middle(messages: dict[str, list[tuple[str, int, dict]]]) -> None:
    left, right = messages["/lane"][0][2]["entities"][0]["lines"]
    # Driving along +y, left is −x: the car at x = 7 is 0.4 m left of the middle, which is at 7.4.
    assert left["points"][9]["x"] == pytest.approx(7.4 - WIDTH_M / 2) and left["points"][9]["y"] == pytest.approx(4.5)
    assert right["points"][9]["x"] == pytest.approx(7.4 + WIDTH_M / 2)


def test_scores_events_and_pictures_are_what_was_recorded(messages: dict[str, list[tuple[str, int, dict]]]) -> None:
    ticks = [content for _, _, content in messages["/tick"]]
    assert ticks[3]["score__random"] is None and ticks[4]["score__random"] == 0.5
    logged = [(stamp / 1e9, content["message"]) for _, stamp, content in messages["/events"]]
    assert logged == [
        (0.2, "alarm"),
        (1.0, "departure G0"),
        (1.2, "the takeover driver has the wheel"),
    ]
    ((_, stamp, picture),) = messages["/camera/crop"]
    png = np.frombuffer(base64.b64decode(picture["data"]), np.uint8)
    assert stamp == 200_000_000 and (cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1] == (250, 20, 20)).all()
