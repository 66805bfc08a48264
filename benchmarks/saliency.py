"""Cost of saliency per picture beside the forward pass it rides on: ``python -m benchmarks.saliency [--json FILE]``.

The VisualBackProp paper claims two things: twelve times faster than layer-wise relevance propagation, and maps much
like its. Both are measured one picture at a time on one thread, without the forward pass that methods share; captum's
LRP on the same network stands beside ours, and the fastest of all LRPs is the one to beat. Times are CPU times of the
process, which are wall times on an idle core. Likeness is rank correlation over pixels, and beside it stands its null:
the same between maps of different pictures, for maps of one network are alike whatever it sees.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata

from agents.netvf import NETHVF, NETSVF, NetVF
from agents.network_file import load_network
from agents.pilotnet import PilotNet, PilotNetConfig
from agents.saliency.labelled_frames import load_labelled_frames
from agents.saliency.lrp import PAPER_EPSILON, STABLE_EPSILON, Lrp
from agents.saliency.methods import METHODS
from agents.saliency.quality.likeness import rank_correlation
from agents.saliency.visualbackprop import visualbackprop
from agents.steering_network import SteeringNetwork
from agents.training.saliency_gate import network_inputs
from agents.weights_io import WEIGHTS_FOLDER
from benchmarks.captum_lrp import NetworkAsModules, captum_lrp

WARM_UP = 5
GOAL_OF_FORWARD = 0.5
GOAL_SPEED_UP = 12.0
STORED_FRAMES = Path(__file__).resolve().parents[1] / "tests" / "agents" / "saliency" / "labelled"
UNTRAINED: Mapping[str, Callable[[], SteeringNetwork]] = {
    "pilotnet_102x364_grey": lambda: PilotNet(PilotNetConfig(102, 364, 1)),
    "netsvf": lambda: NetVF(NETSVF),
    "nethvf": lambda: NetVF(NETHVF),
}
"""Other shapes: cost does not depend on what a network has learned."""


def median_ms(call: Callable[[], Any], repeats: int) -> float:
    """Median CPU time of a call, ms, after a warm-up."""
    for _ in range(WARM_UP):
        call()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        call()
        times.append((time.process_time() - started) * 1e3)
    return float(np.median(times))


def cost(network: SteeringNetwork, one: torch.Tensor, repeats: int) -> dict[str, float]:
    """Of one picture (1, C, H, W), ms: forward pass; VisualBackProp, our LRP and captum's, all without it."""
    with torch.inference_mode():
        _, activations = network.forward_with_activations(one)

    def forward() -> Any:
        with torch.inference_mode():
            return network.forward_with_activations(one)

    def backprop() -> Any:
        with torch.inference_mode():
            return visualbackprop(activations, network.layers, network.input_size)

    forward_ms = median_ms(forward, repeats)
    visualbackprop_ms = median_ms(backprop, repeats)
    lrp_ms = median_ms(partial(Lrp().explain, network, one), repeats) - forward_ms
    captum = partial(captum_lrp, NetworkAsModules(network, STABLE_EPSILON), network, one)
    captum_ms = median_ms(captum, repeats) - forward_ms
    return {
        "forward_ms": forward_ms,
        "visualbackprop_ms": visualbackprop_ms,
        "visualbackprop_share_of_forward": visualbackprop_ms / forward_ms,
        "lrp_without_forward_ms": lrp_ms,
        "captum_lrp_without_forward_ms": captum_ms,
        "fastest_lrp_over_visualbackprop": min(lrp_ms, captum_ms) / visualbackprop_ms,
    }


def measure(repeats: int, pictures: torch.Tensor, network: PilotNet) -> dict[str, Any]:
    """All times of the shipped driver and of other shapes, and how alike the maps are.

    Args:
        repeats: timed calls of each part. pictures: network inputs (N, 3, 66, 200), 0..255.
    """
    torch.set_num_threads(1)
    one = pictures[:1]
    others = {}
    for name, build in UNTRAINED.items():
        other = build().eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        noise = 255.0 * torch.rand((1, 1, *other.input_size), generator=torch.Generator().manual_seed(0))
        others[name] = cost(other, noise.contiguous(memory_format=torch.channels_last), fewer(repeats))
    return {
        **cost(network, one, repeats),
        "with_forward_ms": {n: median_ms(partial(m.explain, network, one), repeats // 4) for n, m in METHODS.items()},
        "other_shapes": others,
        "rank_correlation_with_visualbackprop": likeness(network, pictures),
    }


def fewer(repeats: int) -> int:
    """Timed calls on the larger shapes."""
    return max(3, repeats // 4)


def likeness(network: PilotNet, pictures: torch.Tensor) -> dict[str, dict[str, float]]:
    """Of each method's maps with VisualBackProp's of the same pictures, and of unrelated ones (mean and extremes).

    ``beyond_mean_map`` compares only what is peculiar to a picture: ranks minus their mean over all pictures.
    """
    reference = METHODS["visualbackprop"].explain(network, pictures)[:, 0].numpy()
    away = len(pictures) // 2
    result = {}
    for method in (Lrp(STABLE_EPSILON), Lrp(PAPER_EPSILON), METHODS["gradient"], METHODS["grad_cam"]):
        maps = method.explain(network, pictures).abs()[:, 0].numpy()
        same = rank_correlation(reference, maps)
        unrelated = rank_correlation(reference, np.roll(maps, away, axis=0))
        beyond = rank_correlation(peculiar(reference), peculiar(maps))
        result[method.name] = {
            "mean": float(np.nanmean(same)),
            "lowest": float(np.nanmin(same)),
            "highest": float(np.nanmax(same)),
            "unrelated_pictures": float(np.nanmean(unrelated)),
            "beyond_mean_map": float(np.nanmean(beyond)),
            "closer_than_unrelated_share": float(np.mean(same > unrelated)),
        }
    return result


def peculiar(maps: np.ndarray) -> np.ndarray:
    """Rank of each pixel in its map, minus its mean rank over all maps, (B, H, W)."""
    ranks = rankdata(maps.reshape(len(maps), -1), axis=1).reshape(maps.shape)
    return ranks - ranks.mean(axis=0)


def main() -> None:
    """Measure, print, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saliency", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100, help="timed calls of each part (default 100)")
    parser.add_argument("--frames", type=Path, default=STORED_FRAMES, help="labelled pictures (default: five stored)")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    loaded = load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver")
    assert isinstance(loaded.network, PilotNet)
    frames = load_labelled_frames(options.frames)
    inputs = network_inputs(frames.pictures, loaded).contiguous(memory_format=torch.channels_last)
    result = measure(options.repeats, inputs, loaded.network) | {
        "schema_version": 3,
        "benchmark": "saliency",
        "pictures": len(frames),
        "repeats": {"driver": options.repeats, "other_shapes": fewer(options.repeats)},
        "weights_sha256": loaded.sha256,
        "threads": 1,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "load_1min": os.getloadavg()[0]},
    }
    print_result(result)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def print_result(result: Mapping[str, Any]) -> None:
    """The figures beside their goals."""
    share, speed_up = result["visualbackprop_share_of_forward"], result["fastest_lrp_over_visualbackprop"]
    print(f"forward pass      {result['forward_ms']:7.2f} ms")
    print(f"VisualBackProp    {result['visualbackprop_ms']:7.2f} ms = {share:.2f} x forward (goal < {GOAL_OF_FORWARD})")
    print(f"LRP, ours         {result['lrp_without_forward_ms']:7.2f} ms")
    print(f"LRP, captum       {result['captum_lrp_without_forward_ms']:7.2f} ms")
    print(f"fastest LRP / VisualBackProp = {speed_up:.1f} (the paper: 12; goal >= {GOAL_SPEED_UP:g})")
    for name, one in result["other_shapes"].items():
        print(
            f"{name:22s} forward {one['forward_ms']:.1f} ms, VisualBackProp"
            f" {one['visualbackprop_share_of_forward']:.2f} x that,"
            f" fastest LRP {one['fastest_lrp_over_visualbackprop']:.1f} x this"
        )
    for name, value in result["with_forward_ms"].items():
        print(f"{name:22s} {value:7.2f} ms with its own forward pass")
    for name, value in result["rank_correlation_with_visualbackprop"].items():
        print(
            f"rank correlation of {name} with VisualBackProp: {value['mean']:.2f},"
            f" of unrelated pictures {value['unrelated_pictures']:.2f},"
            f" beyond the mean map {value['beyond_mean_map']:.2f}"
        )


if __name__ == "__main__":
    main()
