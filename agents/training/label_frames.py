"""Collect labelled pictures for the quality of saliency: ``python -m agents.training.label_frames FOLDER``.

The label expert drives roads whose texture packs no driving network was fitted on, without artifacts; straight road,
left and right curves come in equal numbers. The packs of the reference campaign stay unseen here too.

With ``--scenario FILE`` the roads are those of a campaign instead, one picture every few seconds: for GradSUM of a
whole campaign.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.saliency.labelled_frames import FrameFacts, LabelledFrames, save_labelled_frames
from agents.training.labelled_drive import LabelledTick, labelled_drive
from agents.weights_io import WEIGHTS_FOLDER, load_json
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.expansion import expand
from harness.campaign.loader import load_campaign
from harness.campaign.spec import CampaignSpec
from harness.simulation.server import SimulatorServer

CAMERA = {"width_px": 320, "height_px": 180, "fov_deg": 90, "x_m": 1.2, "z_m": 1.4, "pitch_deg": -6}
BENDS = ("straight", "left", "right")
CURVE_1PM, STRAIGHT_1PM = 1.0 / 150.0, 1.0 / 450.0
FIRST_S, APART_S = 1.0, 1.0


@dataclass(frozen=True)
class Road:
    """One drive: a winding road, its looks and weather."""

    pack: str
    weather: str
    seed: int
    radius_m: tuple[float, float]


ROADS = (
    Road("concrete", "ClearNoon", 8001, (30, 100)),
    Road("autumn", "CloudyNoon", 8002, (40, 150)),
    Road("alpine", "ClearSunset", 8003, (30, 100)),
    Road("concrete", "WetNoon", 8004, (70, 300)),
    Road("autumn", "ClearNoon", 8005, (70, 300)),
    Road("alpine", "CloudyNoon", 8006, (40, 150)),
    Road("concrete", "CloudyNoon", 8007, (70, 300)),
    Road("autumn", "ClearSunset", 8008, (30, 100)),
)


def episode_on(road: Road, duration_s: float = 30.0, camera: Mapping[str, Any] = CAMERA) -> EpisodeSpec:
    """The drive of a road as an episode of the label expert."""
    winding = {"kind": "winding", "name": f"{road.pack}_{road.seed}", "seed": road.seed, "length_m": 300}
    campaign = CampaignSpec.model_validate(
        {
            "campaign": "labelled_frames",
            "camera": dict(camera),
            "ego": {"v_max_mps": 14.0},
            "duration_s": duration_s,
            "roads": [{**winding, "radius_m": list(road.radius_m), "texture_pack": road.pack}],
            "weather": [road.weather],
            "agent": "expert",
            "modes": ["expert"],
        }
    )
    (episode,) = expand(campaign, lambda _: None, lambda _: None, {"monitors": {}})
    return episode


def bend_of(curvature_ahead_1pm: float) -> str | None:
    """Class of a picture by the road ahead; None between straight and curve."""
    if abs(curvature_ahead_1pm) <= STRAIGHT_1PM:
        return "straight"
    if abs(curvature_ahead_1pm) < CURVE_1PM:
        return None
    return "left" if curvature_ahead_1pm > 0.0 else "right"


class Picker:
    """Chooses pictures: at most so many of each bend, a second or more apart on one drive."""

    def __init__(self, per_bend: int) -> None:
        self._per_bend = per_bend
        self._counts: Counter[str] = Counter()
        self._next_s = FIRST_S
        self.facts: list[FrameFacts] = []
        self.pictures: list[np.ndarray] = []
        self.labels: list[np.ndarray] = []

    @property
    def done(self) -> bool:
        """Enough of every bend."""
        return all(self._counts[bend] >= self._per_bend for bend in BENDS)

    def start_drive(self, drives_left: int) -> None:
        """A new road: its share of what is missing is at most ⌈missing / drives left⌉ of each bend."""
        self._next_s = FIRST_S
        self._limit = {
            bend: self._counts[bend] - (self._counts[bend] - self._per_bend) // drives_left for bend in BENDS
        }

    def look(self, tick: LabelledTick, road: Road) -> None:
        """Keep the picture if it is one that is missing."""
        bend = bend_of(tick.state.curvature_ahead_1pm)
        if bend is None or tick.state.time_s < self._next_s or self._counts[bend] >= self._limit[bend]:
            return
        self._counts[bend] += 1
        self._next_s = tick.state.time_s + APART_S
        self.facts.append(_facts(tick, f"{road.pack}_{road.seed}", road.weather))
        self.pictures.append(tick.picture)
        self.labels.append(tick.labels)


def label_frames(per_bend: int, roads: tuple[Road, ...] = ROADS, camera: Mapping[str, Any] = CAMERA) -> LabelledFrames:
    """Drive the roads and choose pictures; fewer than asked for where the roads do not have them."""
    picker = Picker(per_bend)
    with tempfile.TemporaryDirectory() as logs, SimulatorServer(log_dir=Path(logs)) as server:
        for number, road in enumerate(roads):
            picker.start_drive(len(roads) - number)
            for tick in labelled_drive(server.host, server.port, episode_on(road, camera=camera)):
                picker.look(tick, road)
            if picker.done:
                break
    source = {"simulator": "embedded", "camera": dict(camera)}
    return LabelledFrames(np.stack(picker.pictures), np.stack(picker.labels), tuple(picker.facts), source)


def label_campaign(scenario: Path, worlds: int, apart_s: float) -> LabelledFrames:
    """Undisturbed pictures of a campaign's worlds, spread over them all.

    Args:
        worlds: how many to drive at most. apart_s: time between pictures.

    Raises:
        ScenarioError: the campaign file is wrong.
    """
    campaign = load_campaign(scenario)
    thresholds = load_json(WEIGHTS_FOLDER / "thresholds.json")
    by_world = {episode.world_id: episode for episode in expand(campaign, lambda _: None, lambda _: None, thresholds)}
    episodes = list(by_world.values())
    rows = np.unique(np.linspace(0, len(episodes) - 1, min(worlds, len(episodes))).astype(int))
    pictures, labels, facts = [], [], []
    with tempfile.TemporaryDirectory() as logs, SimulatorServer(log_dir=Path(logs)) as server:
        for episode in (episodes[row] for row in rows):
            next_s = FIRST_S
            for tick in labelled_drive(server.host, server.port, episode):
                if tick.state.time_s < next_s:
                    continue
                next_s = tick.state.time_s + apart_s
                pictures.append(tick.picture)
                labels.append(tick.labels)
                facts.append(_facts(tick, episode.road, episode.weather.name))
    source = {"simulator": "embedded", "camera": episodes[0].camera.model_dump(), "campaign": campaign.campaign}
    return LabelledFrames(np.stack(pictures), np.stack(labels), tuple(facts), source)


def _facts(tick: LabelledTick, road: str, weather: str) -> FrameFacts:
    state = tick.state
    bend = bend_of(state.curvature_ahead_1pm) or "between"
    numbers = (state.curvature_ahead_1pm, state.speed_mps, state.swa_label_deg)
    return FrameFacts(road, weather, bend, *(round(number, 5) for number in numbers))


def main() -> None:
    """Collect and write the folder."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.label_frames", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where pictures and labels go")
    parser.add_argument("--per-bend", type=int, default=20, help="pictures of each bend (default 20)")
    size = (CAMERA["width_px"], CAMERA["height_px"])
    parser.add_argument(
        "--size-px", type=int, nargs=2, default=size, metavar=("WIDTH", "HEIGHT"), help="of the pictures (320 180)"
    )
    parser.add_argument("--scenario", type=Path, help="drive this campaign's worlds instead")
    parser.add_argument("--worlds", type=int, default=8, help="with --scenario: how many of them (default 8)")
    parser.add_argument("--apart-s", type=float, default=3.0, help="with --scenario: between pictures (default 3)")
    options = parser.parse_args()
    if options.scenario is None:
        width_px, height_px = options.size_px
        camera = {**CAMERA, "width_px": width_px, "height_px": height_px}
        frames = label_frames(options.per_bend, camera=camera)
    else:
        frames = label_campaign(options.scenario, options.worlds, options.apart_s)
    save_labelled_frames(frames, options.folder)
    counts = Counter(facts.bend for facts in frames.facts)
    print(
        f"{len(frames)} pictures in {options.folder}: " + ", ".join(f"{counts[bend]} {bend}" for bend in sorted(counts))
    )


if __name__ == "__main__":
    main()
