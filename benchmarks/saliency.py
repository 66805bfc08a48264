"""Cost of saliency per picture beside the forward pass it rides on: ``python -m benchmarks.saliency [--json FILE]``.

The VisualBackProp paper claims two things: twelve times faster than layer-wise relevance propagation, and maps much
like its. Both are measured on the shipped driver, one picture at a time, one thread, without the forward pass that
methods share; captum's LRP on the same network stands beside ours, and the fastest of all LRPs is the one to beat.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from agents.network_file import load_network
from agents.pilotnet import PILOTNET_CONVOLUTIONS, PilotNet
from agents.saliency.lrp import PAPER_EPSILON, STABLE_EPSILON, Lrp
from agents.saliency.methods import METHODS
from agents.saliency.visualbackprop import visualbackprop
from agents.weights_io import WEIGHTS_FOLDER
from benchmarks.captum_lrp import PilotNetAsModules, captum_lrp

WARM_UP = 20
GOAL_OF_FORWARD = 0.5
GOAL_SPEED_UP = 12.0


def median_ms(call: Callable[[], Any], repeats: int) -> float:
    """Median wall time of a call, ms, after a warm-up."""
    for _ in range(WARM_UP):
        call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1e3)
    return float(np.median(times))


def measure(repeats: int, pictures: torch.Tensor) -> dict[str, Any]:
    """All times of one run, and how alike the maps are.

    Args:
        repeats: timed calls of each part. pictures: network inputs (N, 3, 66, 200), 0..255.
    """
    torch.set_num_threads(1)
    network = load_network(WEIGHTS_FOLDER / "pilotnet.safetensors", "driver").network
    one = pictures[:1]
    with torch.inference_mode():
        _, activations = network.forward_with_activations(one)

        def forward() -> Any:
            with torch.inference_mode():
                return network.forward_with_activations(one)

        def backprop() -> Any:
            with torch.inference_mode():
                return visualbackprop(activations, PILOTNET_CONVOLUTIONS, (66, 200))

        forward_ms = median_ms(forward, repeats)
        visualbackprop_ms = median_ms(backprop, repeats)
    whole = {name: median_ms(partial(method.explain, network, one), repeats) for name, method in METHODS.items()}
    modules = PilotNetAsModules(network, STABLE_EPSILON)
    captum_ms = median_ms(lambda: captum_lrp(modules, network, one), repeats)
    lrp_ms = {"ours": whole["lrp"] - forward_ms, "captum": captum_ms - forward_ms}
    return {
        "forward_ms": forward_ms,
        "visualbackprop_ms": visualbackprop_ms,
        "visualbackprop_share_of_forward": visualbackprop_ms / forward_ms,
        "lrp_without_forward_ms": lrp_ms,
        "fastest_lrp_over_visualbackprop": min(lrp_ms.values()) / visualbackprop_ms,
        "with_forward_ms": whole,
        "spearman_with_visualbackprop": likeness(network, pictures),
    }


def likeness(network: PilotNet, pictures: torch.Tensor) -> dict[str, dict[str, float]]:
    """Rank correlation over pixels of each method's map with VisualBackProp's: mean and extremes over pictures."""
    reference = METHODS["visualbackprop"].explain(network, pictures)
    result = {}
    for method in (Lrp(STABLE_EPSILON), Lrp(PAPER_EPSILON), METHODS["gradient"], METHODS["grad_cam"]):
        maps = method.explain(network, pictures).abs()
        values = [
            float(spearmanr(reference[k].flatten().numpy(), maps[k].flatten().numpy()).statistic)
            for k in range(len(pictures))
        ]
        result[method.name] = {
            "mean": float(np.mean(values)),
            "lowest": float(np.min(values)),
            "highest": float(np.max(values)),
        }
    return result


def load_pictures(path: Path | None, count: int) -> torch.Tensor:
    """Network inputs from a stored ``monitor_inputs.parquet``, or noise where only speed matters."""
    if path is None:
        return 255.0 * torch.rand((count, 3, 66, 200), generator=torch.Generator().manual_seed(0))
    import pyarrow.parquet as pq

    from agents.preprocessing import to_network_input
    from harness.simulation.monitor_inputs import crops_of

    crops = crops_of(pq.read_table(path))
    rows = np.linspace(0, len(crops) - 1, count).astype(int)
    return to_network_input(crops[rows], "yuv").contiguous(memory_format=torch.channels_last)


def main() -> None:
    """Measure, print, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saliency", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100, help="timed calls of each part (default 100)")
    parser.add_argument("--inputs", type=Path, help="a run's monitor_inputs.parquet; without it the maps are of noise")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    result = measure(options.repeats, load_pictures(options.inputs, 24))
    result |= {
        "schema_version": 1,
        "benchmark": "saliency",
        "pictures": "noise" if options.inputs is None else "driving",
        "threads": 1,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "load_1min": os.getloadavg()[0]},
    }
    share, speed_up = result["visualbackprop_share_of_forward"], result["fastest_lrp_over_visualbackprop"]
    print(f"forward pass      {result['forward_ms']:7.2f} ms")
    print(f"VisualBackProp    {result['visualbackprop_ms']:7.2f} ms = {share:.2f} x forward (goal < {GOAL_OF_FORWARD})")
    for name, value in result["lrp_without_forward_ms"].items():
        print(f"LRP, {name:12s} {value:7.2f} ms")
    print(f"fastest LRP / VisualBackProp = {speed_up:.1f} (the paper: 12; goal >= {GOAL_SPEED_UP:g})")
    for name, value in result["with_forward_ms"].items():
        print(f"{name:22s} {value:7.2f} ms with its own forward pass")
    for name, value in result["spearman_with_visualbackprop"].items():
        print(f"rank correlation of {name} with VisualBackProp: {value['mean']:.2f}")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
