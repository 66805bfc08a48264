"""One episode as an MCAP file for Foxglove: pose, lane borders, every column of the tick table, events, pictures.

``python -m reports.mcap_export RESULTS [--episode ID …] [--out DIR]`` writes one file per episode. Positions are
right-handed (y = −CARLA y). Pictures are the road crops that monitors looked at, stored with shadow runs; whole frames
and saliency are in a run's MP4 clip and not here.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from mcap.writer import Writer

from harness.evaluation.episode_data import EpisodeData
from harness.results.files import replace_atomically
from harness.results.index import IndexEntry
from harness.results.reader import ordered_entries, read_episode, read_monitor_inputs
from harness.results.store import StoreError, read_campaign_json
from reports.mcap_schemas import FOXGLOVE, tick_schema

CROP_SHAPE = (66, 200, 3)
"""Of the stored road crops, uint8 RGB."""
FRAME = "map"
INFO, WARNING, ERROR = 2, 3, 4
"""Levels of foxglove.Log."""
WHITE = {"r": 0.9, "g": 0.9, "b": 0.9, "a": 1.0}

Message = tuple[str, str, float, Mapping[str, Any]]
"""Topic, schema, time in the episode (s), content."""


def episode_mcap(episode: EpisodeData, crops: Sequence[tuple[int, npt.NDArray[np.uint8]]] = ()) -> bytes:
    """The file's content.

    Args:
        episode: the record, with at least one tick.
        crops: (tick, uint8 RGB (66, 200, 3)) of the degraded frame.
    """
    columns = {name: values for name, values in episode.columns.items() if name != "tick"}
    messages = [*_scene(episode), *_ticks(episode, columns), *_events(episode), *_pictures(crops, episode.tick_s)]
    target = io.BytesIO()
    writer = Writer(target)
    writer.start(profile="", library="closed-loop-harness")
    schemas = {**FOXGLOVE, "closed_loop.Tick": tick_schema(list(columns))}
    channels: dict[str, int] = {}
    for topic, schema, time_s, content in sorted(messages, key=lambda message: message[2]):
        if topic not in channels:
            described = json.dumps(schemas[schema]).encode()
            schema_id = writer.register_schema(name=schema, encoding="jsonschema", data=described)
            channels[topic] = writer.register_channel(topic=topic, message_encoding="json", schema_id=schema_id)
        stamp_ns = round(time_s * 1e9)
        data = json.dumps(content, allow_nan=False).encode()
        writer.add_message(channel_id=channels[topic], log_time=stamp_ns, publish_time=stamp_ns, data=data)
    writer.add_metadata("episode", {"spec": json.dumps(dict(episode.spec)), "outcome": episode.outcome})
    writer.finish()
    return target.getvalue()


def _ticks(episode: EpisodeData, columns: Mapping[str, npt.NDArray[Any]]) -> Iterator[Message]:
    for k, time_s in enumerate(episode.column("time_s")):
        heading_rad = math.radians(-float(episode.column("yaw_deg")[k]))
        position = _vector(episode.column("x_m")[k], -episode.column("y_m")[k], episode.column("z_m")[k])
        turned = {"x": 0.0, "y": 0.0, "z": math.sin(heading_rad / 2), "w": math.cos(heading_rad / 2)}
        pose = {"position": position, "orientation": turned}
        yield "/ego", "foxglove.PoseInFrame", time_s, {"timestamp": _stamp(time_s), "frame_id": FRAME, "pose": pose}
        yield "/tick", "closed_loop.Tick", time_s, {name: _plain(values[k]) for name, values in columns.items()}


def _scene(episode: EpisodeData) -> Iterator[Message]:
    """Borders of the lane along the run, from the pose and the offset of every tick."""
    lane_rad = np.radians(-episode.column("yaw_deg") - episode.column("heading_error_deg"))
    left_x, left_y = -np.sin(lane_rad), np.cos(lane_rad)
    centre_x = episode.column("x_m") - episode.column("lateral_offset_m") * left_x
    centre_y = -episode.column("y_m") - episode.column("lateral_offset_m") * left_y
    half_m = episode.column("lane_width_m") / 2
    lines = []
    for side in (1.0, -1.0):
        x, y = centre_x + side * half_m * left_x, centre_y + side * half_m * left_y
        points = [_vector(*point) for point in zip(x, y, episode.column("z_m"), strict=True)]
        lines.append(
            {
                "type": 0,
                "pose": {"position": _vector(0, 0, 0), "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}},
                "thickness": 0.15,
                "scale_invariant": False,
                "points": points,
                "color": WHITE,
                "colors": [],
                "indices": [],
            }
        )
    entity = {
        "timestamp": _stamp(0.0),
        "frame_id": FRAME,
        "id": "lane borders",
        "lifetime": _stamp(0.0),
        "frame_locked": False,
        "lines": lines,
    }
    yield "/lane", "foxglove.SceneUpdate", float(episode.column("time_s")[0]), {"deletions": [], "entities": [entity]}


def _events(episode: EpisodeData) -> Iterator[Message]:
    events = episode.events
    for departure in events.get("departures") or []:
        yield _log(departure["onset_s"], ERROR, "departure", f"departure {departure['grade']}")
    for collision in events.get("collisions") or []:
        yield _log(collision["time_s"], ERROR, "collision", f"collision with {collision['other']}")
    for takeover in events.get("takeovers") or []:
        yield _log(takeover["alarm_s"], WARNING, "takeover", "alarm")
        if takeover.get("start_s") is not None:
            yield _log(takeover["start_s"], INFO, "takeover", "the takeover driver has the wheel")
        if takeover.get("end_s") is not None:
            yield _log(takeover["end_s"], INFO, "takeover", "the wheel is handed back")


def _log(time_s: float, level: int, name: str, message: str) -> Message:
    content = {"timestamp": _stamp(time_s), "level": level, "message": message, "name": name, "file": "", "line": 0}
    return "/events", "foxglove.Log", time_s, content


def _pictures(crops: Sequence[tuple[int, npt.NDArray[np.uint8]]], tick_s: float) -> Iterator[Message]:
    for tick, crop in crops:
        time_s = tick * tick_s
        png = cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))[1].tobytes()
        data = base64.b64encode(png).decode()
        content = {"timestamp": _stamp(time_s), "frame_id": "camera", "data": data, "format": "png"}
        yield "/camera/crop", "foxglove.CompressedImage", time_s, content


def _stamp(time_s: float) -> dict[str, int]:
    return dict(zip(("sec", "nsec"), divmod(round(float(time_s) * 1e9), 10**9), strict=True))


def _vector(x: float, y: float, z: float) -> dict[str, float]:
    return {"x": float(x), "y": float(y), "z": float(z)}


def _plain(value: Any) -> float | None:
    """A cell as JSON; null where it is undefined."""
    number = float(value)
    return number if math.isfinite(number) else None


def _crops(folder: Path, entry: IndexEntry) -> list[tuple[int, npt.NDArray[np.uint8]]]:
    if not any(file.path.endswith("monitor_inputs.parquet") for file in entry.files):
        return []
    rows = read_monitor_inputs(folder, entry).to_pylist()
    return [(row["tick"], np.frombuffer(row["crop"], np.uint8).reshape(CROP_SHAPE)) for row in rows]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; returns the exit code: 2 = nothing there that can be exported."""
    parser = argparse.ArgumentParser(prog="python -m reports.mcap_export", description=__doc__)
    parser.add_argument("results", type=Path, help="folder of a campaign")
    parser.add_argument("--episode", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    parser.add_argument("--out", type=Path, help="folder for the files (default: mcap/ in the campaign's folder)")
    options = parser.parse_args(arguments)
    try:
        entries = ordered_entries(options.results, read_campaign_json(options.results))
        unknown = sorted(set(options.episode) - {entry.episode_id for entry in entries})
        if unknown:
            raise StoreError(f"{options.results} has no episode {', '.join(unknown)}")
        out = options.out or options.results / "mcap"
        out.mkdir(parents=True, exist_ok=True)
        for entry in entries:
            if options.episode and entry.episode_id not in options.episode:
                continue
            episode = read_episode(options.results, entry)
            if episode.tick_count == 0:
                print(f"{entry.episode_id}: never drove, nothing to export")
                continue
            path = out / f"{entry.episode_id}.mcap"
            replace_atomically(path, episode_mcap(episode, _crops(options.results, entry)))
            print(path)
    except StoreError as error:
        print(f"mcap_export: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
