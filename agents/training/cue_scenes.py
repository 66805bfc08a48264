"""Attention on the right cue in scenes that mislead: ``python -m agents.training.cue_scenes FRAMES --json FILE``.

Shadows across the road, a marking that vanishes and transverse lines are known changes of labelled pictures
(`agents.saliency.cue_edits`); another car is driven past in the simulator, once with and once without it, so that both
pictures show the same place. For each method: attention mass over area share on the markings that are left (the cue)
and on what was changed (the distractor), before and after, and by how many degrees the answer changes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import carla
import cv2
import numpy as np
import torch

from agents.geometry import Route
from agents.network_file import LoadedNetwork, load_network
from agents.saliency.cue_edits import EDITS, MARKING, CueScene, GroundView, NoCueError
from agents.saliency.gradsum import labels_of_crop
from agents.saliency.labelled_frames import LabelledFrames, load_labelled_frames
from agents.saliency.method import SaliencyMethod
from agents.saliency.methods import find_method
from agents.saliency.overlay import overlay
from agents.saliency.quality.interval import mean_over_pictures
from agents.saliency.quality.localisation import localisation, mask_of
from agents.saliency.quality.randomisation import shown_maps
from agents.training.label_frames import Road, episode_on
from agents.training.labelled_drive import LabelledTick, labelled_drive
from agents.training.saliency_gate import network_inputs
from agents.weights_io import WEIGHTS_FOLDER, save_json
from harness.simulation.server import SimulatorServer

SCHEMA_VERSION = 1
METHODS = ("visualbackprop", "lrp", "grad_cam", "gradient", "integrated_gradients", "smooth_grad")
ON_SHEET = ("visualbackprop", "lrp", "grad_cam")
MARGIN_PX = 2
CAR_ROAD = Road("concrete", "CloudyNoon", 8011, (120, 300))
CAR_S_M, CAR_SECONDS = 45.0, 4.0
CAR_TAGS = (14, 15, 16)
CAR_FEWEST_PX, CAR_EVERY = 250, 4


@dataclass(frozen=True)
class Pair:
    """The same place before and after: pictures as the camera took them, cue and distractor of the second."""

    before: np.ndarray
    after: np.ndarray
    cue: np.ndarray
    distractor: np.ndarray


def edited_pairs(frames: LabelledFrames) -> dict[str, list[Pair]]:
    """Scenes made from labelled pictures; pictures that cannot show a scene are left out of it."""
    view = GroundView.of(frames.source["camera"])
    found: dict[str, list[Pair]] = {name: [] for name in EDITS}
    for picture, labels in zip(frames.pictures, frames.labels, strict=True):
        for name, edit in EDITS.items():
            try:
                scene: CueScene = edit(picture, labels, view)
            except NoCueError:
                continue
            found[name].append(Pair(picture, scene.picture, scene.cue, scene.distractor))
    return found


def another_car(host: str, port: int) -> list[Pair]:
    """A car stands in the oncoming lane: the same drive without and with it."""

    def furnish(world: carla.World, route: Route) -> None:
        blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
        k = route.index(CAR_S_M)
        heading, width_m = float(route.heading_rad[k]), float(route.lane_width_m[k])
        x_m, y_m = float(route.x_m[k]) - width_m * np.sin(heading), float(route.y_m[k]) + width_m * np.cos(heading)
        place = carla.Location(x=x_m, y=-y_m, z=float(route.z_m[k]) + 0.3)
        world.spawn_actor(blueprint, carla.Transform(place, carla.Rotation(yaw=180.0 - float(np.degrees(heading)))))

    episode = episode_on(CAR_ROAD, CAR_SECONDS)
    alone: list[LabelledTick] = list(labelled_drive(host, port, episode))
    met: list[LabelledTick] = list(labelled_drive(host, port, episode, furnish))
    found = []
    for before, after in zip(alone[::CAR_EVERY], met[::CAR_EVERY], strict=True):
        car = np.isin(after.labels, CAR_TAGS) & ~np.isin(before.labels, CAR_TAGS)
        if car.sum() >= CAR_FEWEST_PX:
            found.append(Pair(before.picture, after.picture, after.labels == MARKING, car))
    return found


def judge(pairs: Sequence[Pair], loaded: LoadedNetwork, methods: Sequence[SaliencyMethod]) -> dict[str, Any]:
    """Attention and answers over the pairs of one scene, as JSON values; None where there is no pair."""
    if not pairs:
        return {"pairs": 0, "answer_change_deg": None, "methods": {}}
    before, after = (network_inputs(np.stack([getattr(p, k) for p in pairs]), loaded) for k in ("before", "after"))
    cue, distractor = (
        mask_of(
            np.stack([labels_of_crop(getattr(p, k).astype(np.uint8), loaded.preprocessing) for p in pairs]), (1,), px
        )
        for k, px in (("cue", MARGIN_PX), ("distractor", 0))
    )
    with torch.inference_mode():
        change = (loaded.network(after) - loaded.network(before)).abs().double().numpy()
    found: dict[str, Any] = {}
    for method in methods:
        maps = {
            "before": shown_maps(method, loaded.network, before),
            "after": shown_maps(method, loaded.network, after),
        }
        found[method.name] = {
            f"{mask_name}_{when}": _mean(localisation(one, mask).concentration)
            for mask_name, mask in (("cue", cue), ("distractor", distractor))
            for when, one in maps.items()
        }
    return {"pairs": len(pairs), "answer_change_deg": _mean(change), "methods": found}


def sheet(pairs: Mapping[str, Sequence[Pair]], loaded: LoadedNetwork) -> np.ndarray:
    """One row per scene: the picture, and the maps of three methods before and after; uint8 RGB."""
    rows = []
    for name, some in pairs.items():
        if not some:
            continue
        pair = some[len(some) // 2]
        crops = [loaded.preprocessing.crop(picture) for picture in (pair.before, pair.after)]
        inputs = network_inputs(np.stack([pair.before, pair.after]), loaded)
        tiles = [np.vstack([cv2.resize(crop, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for crop in crops])]
        for method in ON_SHEET:
            maps = shown_maps(find_method(method), loaded.network, inputs)
            tiles.append(np.vstack([overlay(crop, one) for crop, one in zip(crops, maps, strict=True)]))
        row = np.hstack(tiles)
        titles = [f"{name}: before, after", *ON_SHEET]
        rows.append(np.vstack([_titles(titles, row.shape[1]), row]))
    return np.vstack(rows)


def _titles(titles: Sequence[str], width: int) -> np.ndarray:
    strip = np.full((22, width, 3), 255, dtype=np.uint8)
    for k, title in enumerate(titles):
        at = (k * width // len(titles) + 6, 16)
        cv2.putText(strip, title.replace("_", " "), at, cv2.FONT_HERSHEY_SIMPLEX, 0.48, (30, 30, 30), 1, cv2.LINE_AA)
    return strip


def _mean(values: np.ndarray) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(mean_over_pictures(values)).items()}


def main() -> None:
    """Measure all scenes, write JSON and picture sheet."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.cue_scenes", description=__doc__.splitlines()[0])
    parser.add_argument("frames", type=Path, help="folder of labelled pictures")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FOLDER / "pilotnet.safetensors", help="the driver")
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--every", type=int, default=3, help="use every n-th picture (default 3)")
    parser.add_argument("--json", type=Path, required=True, help="result")
    parser.add_argument("--sheet", type=Path, help="also draw this picture")
    options = parser.parse_args()
    torch.set_num_threads(1)
    loaded = load_network(options.weights, "driver")
    frames = load_labelled_frames(options.frames)
    pairs = edited_pairs(frames.take(range(0, len(frames), options.every)))
    with tempfile.TemporaryDirectory() as logs, SimulatorServer(log_dir=Path(logs)) as server:
        pairs["another_car"] = another_car(server.host, server.port)
    methods = [find_method(name) for name in options.methods]
    scenes = {name: judge(some, loaded, methods) for name, some in pairs.items()}
    head = {"schema_version": SCHEMA_VERSION, "weights_sha256": loaded.sha256, "frames_data_hash": frames.data_hash}
    save_json(options.json, {**head, "scenes": scenes})
    for name, one in scenes.items():
        print(f"{name}: {one['pairs']} pairs, answer changes {one['answer_change_deg']}")
        for method, figures in one["methods"].items():
            print(f"  {method:22s}" + ", ".join(f"{k} {v['value']}" for k, v in figures.items()))
    if options.sheet is not None:
        picture = cv2.cvtColor(sheet(pairs, loaded), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(options.sheet), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main()
