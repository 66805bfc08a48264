"""Time of the batched chain per picture: ``python -m benchmarks.sensor_sim_batches [--device cuda] [--out FILE]``.

The preset ``cityscapes_like`` on a batch, its output checked against the chain of the loop before anything is timed. On
a GPU the time is compared with the least that memory bandwidth allows: every code is read once and written once, at the
speed of a plain copy on the same device. Without a GPU that share is null, and why is stored.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.sensor_sim import FOV_DEG, TICK_S, apply, make_chain, make_frame, without_noise
from sensor_sim.presets import load_preset
from sensor_sim.torch_chain import TorchChain

RESULT = Path(__file__).parent / "results" / "sensor_sim_batches.json"
WARM_UP = 2
ROUNDS = 20
COPY_BYTES = 1 << 30
GOAL_SHARE = 0.4
"""Of the memory bandwidth, on a GPU."""


def timed_ms(device: torch.device, run: Any) -> float:
    """Median of ``ROUNDS`` calls after warm-up, each waited for."""
    times_ms = []
    for _ in range(WARM_UP + ROUNDS):
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times_ms.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times_ms[WARM_UP:])


def bandwidth_share(device: torch.device, batch_bytes: int, batch_ms: float) -> float | None:
    """Least possible time over the measured one; None without a GPU."""
    if device.type != "cuda":
        return None
    source = torch.empty(COPY_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy_ms = timed_ms(device, lambda: target.copy_(source))
    return (batch_bytes / (2 * COPY_BYTES)) * copy_ms / batch_ms


def largest_difference(width: int, height: int, device: torch.device) -> int:
    """Grey levels between the noise-free batch and the loop."""
    frame = make_frame(width, height)
    schedule = without_noise(load_preset("cityscapes_like", width, FOV_DEG))
    expected = apply(make_chain(schedule, frame), frame, 0).astype(int)
    batch = torch.from_numpy(frame)[None].to(device)
    found = TorchChain(schedule, width, height, FOV_DEG, TICK_S, device).apply(batch, [1])
    return int(np.abs(found[0].cpu().numpy() - expected).max())


def main() -> int:
    """Check, measure, print and store; exit code 1 if the output differs by more than one grey level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch", type=int, help="pictures at once (GPU: 64, CPU: 4)")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.set_num_threads(1)
    pictures = options.batch or (64 if device.type == "cuda" else 4)
    content: dict[str, Any] = {
        "schema_version": 1,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU, one thread",
        "torch": torch.__version__,
        "load_average_before": os.getloadavg(),
        "batch": pictures,
        "rounds": ROUNDS,
        "goal_bandwidth_share": GOAL_SHARE,
        "sizes": {},
    }
    ok = True
    for width, height in ((640, 360), (1280, 720)):
        difference = largest_difference(width, height, device)
        ok = ok and difference <= 1
        frame = make_frame(width, height)
        batch = torch.from_numpy(frame)[None].repeat(pictures, 1, 1, 1).to(device)
        chain = TorchChain(load_preset("cityscapes_like", width, FOV_DEG), width, height, FOV_DEG, TICK_S, device)
        batch_ms = timed_ms(device, lambda chain=chain, batch=batch: chain.apply(batch, list(range(pictures))))
        share = bandwidth_share(device, 2 * batch.numel(), batch_ms)
        content["sizes"][f"{width}x{height}"] = {
            "largest_difference_to_loop_dn": difference,
            "median_ms_per_picture": round(batch_ms / pictures, 3),
            "bandwidth_share": share,
            "bandwidth_share_note": "not measured: no GPU" if share is None else f"goal {GOAL_SHARE:g}",
        }
    print(json.dumps(content, indent=2))
    options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
