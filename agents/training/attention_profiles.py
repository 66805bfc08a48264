"""GradSUM profiles of networks and of untrained ones: ``python -m agents.training.attention_profiles FRAMES``.

For each network, method and reading: G_k of every labelled picture and its mean over the pictures that have class k.
The null is the same of freshly drawn networks: a profile inside its band says nothing about what was learned, only
about the pictures and the method.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from agents.netvf import NetVF
from agents.network_file import LoadedNetwork, load_network
from agents.pilotnet import PilotNet
from agents.saliency.gradsum import CARLA_CLASSES, READINGS, Reading, gradsum_of, labels_of_crop, profile
from agents.saliency.labelled_frames import LabelledFrames, load_labelled_frames
from agents.saliency.method import ExplainedNetwork, SaliencyMethod
from agents.saliency.methods import find_method
from agents.steering_network import SteeringNetwork
from agents.training.profile_chart import profile_chart
from agents.training.saliency_gate import network_inputs
from agents.weights_io import WEIGHTS_FOLDER, load_json, save_json

SCHEMA_VERSION = 1
METHODS = ("visualbackprop", "lrp", "grad_cam")
FEWEST_RANDOM = 30
BAND_PERCENT = (2.5, 97.5)


def attention_profiles(
    networks: Mapping[str, LoadedNetwork],
    frames: LabelledFrames,
    methods: Sequence[SaliencyMethod],
    random_networks: int = FEWEST_RANDOM,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Profiles of networks and of the null.

    Args:
        networks: name -> driver, all of one architecture and input (their null is one).

    Returns:
        ``networks[name][method][reading]`` with ``mean``, ``pictures`` and ``per_picture`` (class -> (B,), NaN where
        the picture has no pixel of it), ``null[method][reading]``: class -> ``low``, ``high``, ``mean``, ``n``.
    """
    torch.set_num_threads(1)
    first = next(iter(networks.values()))
    labels = np.stack([labels_of_crop(one, first.preprocessing) for one in frames.labels])
    inputs = network_inputs(frames.pictures, first)
    found: dict[str, Any] = {}
    for name, loaded in networks.items():
        found[name] = {
            method.name: {reading: _profile(method, loaded.network, inputs, labels, reading) for reading in READINGS}
            for method in methods
        }
        report(f"  {name}")
    drawn = [untrained(first.network, seed=1000 + k) for k in range(random_networks)]
    null: dict[str, Any] = {}
    for method in methods:
        null[method.name] = {}
        for reading in READINGS:
            means = [_profile(method, network, inputs, labels, reading)["mean"] for network in drawn]
            null[method.name][reading] = {k: _band([mean[k] for mean in means]) for k in CARLA_CLASSES}
        report(f"  null of {method.name}")
    return {"networks": found, "null": null}


def _profile(
    method: SaliencyMethod, network: ExplainedNetwork, inputs: torch.Tensor, labels: np.ndarray, reading: Reading
) -> dict[str, Any]:
    values = gradsum_of(method, network, inputs, labels, reading)
    return {**asdict(profile(values)), "per_picture": values}


def untrained(like: SteeringNetwork, seed: int) -> SteeringNetwork:
    """A freshly drawn network of the same shape, in evaluation mode.

    Raises:
        TypeError: an architecture of which no fresh one can be drawn.
    """
    if isinstance(like, PilotNet):
        return PilotNet(like.config, seed).eval()
    if isinstance(like, NetVF):
        return NetVF(like.config, seed).eval()
    raise TypeError(f"no fresh {type(like).__name__} can be drawn: teach agents.training.attention_profiles how")


def per_picture_table(result: Mapping[str, Any]) -> pd.DataFrame:
    """G_k of every picture, percent: one row per network, method, reading and picture; empty where undefined."""
    parts = []
    for network, methods in result["networks"].items():
        for method, readings in methods.items():
            for reading, one in readings.items():
                table = pd.DataFrame(one["per_picture"]).round(3)
                table.insert(0, "picture", range(len(table)))
                parts.append(table.assign(network=network, method=method, reading=reading))
    joined = pd.concat(parts, ignore_index=True)
    return joined[["network", "method", "reading", "picture", *CARLA_CLASSES]]


def _without_pictures(networks: Mapping[str, Any]) -> dict[str, Any]:
    return {
        network: {
            method: {reading: {k: one[k] for k in ("mean", "pictures")} for reading, one in readings.items()}
            for method, readings in methods.items()
        }
        for network, methods in networks.items()
    }


def _band(means: Sequence[float | None]) -> dict[str, Any]:
    given = np.array([mean for mean in means if mean is not None])
    if not len(given):
        return {"mean": None, "low": None, "high": None, "n": 0}
    low, high = np.percentile(given, BAND_PERCENT)
    return {"mean": float(given.mean()), "low": float(low), "high": float(high), "n": len(given)}


def main() -> None:
    """Measure, print the profiles beside their null, write JSON and chart."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.training.attention_profiles", description=__doc__.splitlines()[0]
    )
    parser.add_argument("frames", type=Path, help="folder of labelled pictures")
    shipped = [WEIGHTS_FOLDER / "pilotnet.safetensors", WEIGHTS_FOLDER / "pilotnet_weak_teacher.safetensors"]
    parser.add_argument("--networks", type=Path, nargs="+", default=shipped, help="weights of drivers (default: ours)")
    parser.add_argument("--checkpoints", type=Path, help="folder of agents.training.checkpoints")
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--random", type=int, default=FEWEST_RANDOM, help="untrained networks (default 30)")
    parser.add_argument("--every", type=int, default=3, help="use every n-th picture (default 3)")
    parser.add_argument("--json", type=Path, required=True, help="result")
    parser.add_argument("--csv", type=Path, help="also write G_k of every picture to this table")
    parser.add_argument("--chart", type=Path, help="also draw this SVG")
    options = parser.parse_args()
    frames = load_labelled_frames(options.frames)
    frames = frames.take(range(0, len(frames), options.every))
    checkpoints = _in_order_of_training(options.checkpoints)
    paths = [*options.networks, *checkpoints]
    networks = {path.stem: load_network(path, "driver") for path in paths}
    methods = [find_method(name) for name in options.methods]
    result = attention_profiles(networks, frames, methods, options.random, lambda line: print(line, flush=True))
    result |= {
        "schema_version": SCHEMA_VERSION,
        "frames": {"n": len(frames), "data_hash": frames.data_hash},
        "networks_sha256": {name: loaded.sha256 for name, loaded in networks.items()},
        "random_networks": options.random,
        "checkpoints": {path.stem: _training_of(path) for path in checkpoints},
    }
    save_json(options.json, {**result, "networks": _without_pictures(result["networks"])})
    if options.csv is not None:
        per_picture_table(result).to_csv(options.csv, index=False)
    _print(result, options.methods)
    if options.chart is not None:
        options.chart.write_text(profile_chart(result), encoding="utf-8")


def _in_order_of_training(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return sorted(folder.glob("epoch_*.safetensors"), key=lambda path: float(path.stem.removeprefix("epoch_")))


def _training_of(checkpoint: Path) -> dict[str, Any]:
    card = load_json(checkpoint.with_suffix(".json"))
    return {**{name: card[name] for name in ("epochs", "frames", "labels", "seed", "cpu_s")}, **card["scores"]}


def _print(result: Mapping[str, Any], methods: Sequence[str]) -> None:
    for method in methods:
        for reading in READINGS:
            print(f"{method}, {reading}")
            for k in CARLA_CLASSES:
                band = result["null"][method][reading][k]
                if band["n"] == 0:
                    continue
                shown = {name: one[method][reading]["mean"][k] for name, one in result["networks"].items()}
                line = ", ".join(f"{name} {'–' if mean is None else f'{mean:.1f}'}" for name, mean in shown.items())
                print(f"  {k:13s} null {band['low']:.1f} … {band['high']:.1f}: {line}")


if __name__ == "__main__":
    main()
