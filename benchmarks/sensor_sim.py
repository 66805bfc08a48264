"""Time of the sensor chain per frame, as JSON: ``python -m benchmarks.sensor_sim [--frames 60] [--out FILE]``.

One thread, uint8 in and out, medians of processor time after warm-up. Before anything is timed, the output is checked
against a plain float computation, so that speed cannot be won by doing less; a failed check ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sensor_sim.chain import SensorChain
from sensor_sim.effects.chromatic_aberration import focal_px
from sensor_sim.frame_context import FrameContext
from sensor_sim.presets import load_preset
from sensor_sim.schedule import SensorSchedule
from sensor_sim.transfer_curve import srgb_decode

Frame = npt.NDArray[np.uint8]
FOV_DEG = 90.0
TICK_S = 0.05
WARM_UP = 5
RESULT = Path(__file__).resolve().parent / "results" / "sensor_sim.json"
GOALS_MS = {(640, 360): 2.0, (640, 480): 10.0, (1280, 720): 8.0}
"""Median of the full chain at most, per size."""


def make_frame(width: int, height: int) -> Frame:
    """A gradient with soft structure and hard edges, over the whole range of codes."""
    rng = np.random.default_rng(0)
    frame = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), (0, 0), 4.0)
    frame = np.asarray(cv2.normalize(frame, None, 0, 255, cv2.NORM_MINMAX), np.uint8)
    frame[height // 2 :, :: width // 16] = 255
    return frame


def make_chain(schedule: SensorSchedule, frame: Frame) -> SensorChain:
    """A seeded chain for frames of this size."""
    chain = SensorChain(schedule, frame.shape[1], frame.shape[0], FOV_DEG, TICK_S)
    chain.reset(1)
    return chain


def apply(chain: SensorChain, frame: Frame, tick: int) -> Frame:
    """One frame at ``tick``."""
    return chain.apply(frame, FrameContext(tick, TICK_S, 20.0, 0.0))


def without_noise(schedule: SensorSchedule) -> SensorSchedule:
    """The deterministic part of a schedule."""
    return SensorSchedule(tuple(entry for entry in schedule.effects if entry.effect != "noise"))


def reference(schedule: SensorSchedule, frame: Frame) -> npt.NDArray[np.float64]:
    """The noise-free chain of the cityscapes_like preset in plain float64 with OpenCV, grey levels before rounding."""
    parameters: dict[str, Any] = {entry.effect: entry.parameters for entry in schedule.effects}
    linear = srgb_decode(frame / 255.0)
    lo, hi = linear.min(), np.quantile(linear, 1.0 - parameters["exposure"]["saturation_percent"] / 100.0)
    width_px = parameters["blur"]["width_px"]
    offsets = np.arange(-40, 41)
    overlap = np.minimum(offsets + 0.5, width_px / 2) - np.maximum(offsets - 0.5, -width_px / 2)
    weights = np.maximum(overlap, 0.0) / width_px
    linear = cv2.sepFilter2D(linear, cv2.CV_64F, weights, weights, borderType=cv2.BORDER_REPLICATE)
    height, width = frame.shape[:2]
    focal = focal_px(width, FOV_DEG)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = (columns - (width - 1) / 2) / focal, (rows - (height - 1) / 2) / focal
    for channel, k1 in ((0, parameters["chromatic_aberration"]["k1"]), (2, -parameters["chromatic_aberration"]["k1"])):
        scale = np.ones_like(x)
        for _ in range(20):
            scale = 1.0 / (1.0 + k1 * (x**2 + y**2) * scale**2)
        source_x, source_y = x * scale * focal + (width - 1) / 2, y * scale * focal + (height - 1) / 2
        linear[..., channel] = cv2.remap(
            linear[..., channel].astype(np.float32),
            source_x.astype(np.float32),
            source_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    exposed = np.clip((linear - lo) / (hi - lo), 0.0, 1.0)
    return 255.0 * exposed ** parameters["gamma"]["gamma"]


def check(schedule: SensorSchedule, frame: Frame) -> dict[str, Any]:
    """Statistics of the full chain's output against the plain computation."""
    expected = reference(schedule, frame)
    clean = apply(make_chain(without_noise(schedule), frame), frame, 0)
    noisy = apply(make_chain(schedule, frame), frame, 0).astype(np.float64)
    middle = (clean > 96) & (clean < 224)
    added = (noisy - clean)[middle]
    gamma = next(entry.parameters["gamma"] for entry in schedule.effects if entry.effect == "gamma")
    sigma_dn = next(entry.parameters["sigma_dn"] for entry in schedule.effects if entry.effect == "noise")
    slope = float(gamma) * (clean[middle] / 255.0) ** (1.0 - 1.0 / float(gamma))
    wanted = float(np.sqrt(np.mean((float(sigma_dn) * slope) ** 2) + 1.0 / 6.0))
    result = {
        "mean_difference_to_reference_dn": float(np.abs(clean - expected).mean()),
        "p999_difference_to_reference_dn": float(np.quantile(np.abs(clean - expected), 0.999)),
        "noise_sigma_dn": float(added.std()),
        "noise_sigma_expected_dn": wanted,
        "changed_share": float((noisy != frame).mean()),
    }
    result["ok"] = (
        result["mean_difference_to_reference_dn"] < 0.6
        and result["p999_difference_to_reference_dn"] < 2.0
        and abs(result["noise_sigma_dn"] / wanted - 1.0) < 0.03
        and result["changed_share"] > 0.5
    )
    return result


def measure(schedule: SensorSchedule, frame: Frame, frames: int) -> dict[str, float]:
    """Milliseconds per frame; every frame has its own tick.

    The goals are for processor time: on a machine with other work, wall time measures how long the chain had to wait.
    """
    chain = make_chain(schedule, frame)
    wall_ms, processor_ms = [], []
    for tick in range(WARM_UP + frames):
        wall, processor = time.perf_counter(), time.process_time()
        apply(chain, frame, tick)
        processor_ms.append((time.process_time() - processor) * 1e3)
        wall_ms.append((time.perf_counter() - wall) * 1e3)
    measured = np.array(processor_ms[WARM_UP:])
    return {
        "median_ms": round(float(np.median(measured)), 3),
        "min_ms": round(float(measured.min()), 3),
        "p90_ms": round(float(np.quantile(measured, 0.9)), 3),
        "wall_median_ms": round(float(np.median(wall_ms[WARM_UP:])), 3),
    }


def cases(width: int) -> dict[str, SensorSchedule]:
    """The full chain, each of its effects alone, a ramp (tables change every tick), and nothing."""
    full = load_preset("cityscapes_like", width, FOV_DEG)
    # The ramp outlasts the measurement, so every frame has other parameters.
    return {
        "full_chain": full,
        "full_chain_on_a_ramp": full.with_timing(0.0, 3600.0),
        **{f"only_{entry.effect}": SensorSchedule((entry,)) for entry in full.effects},
        "defocused": load_preset("defocused", width, FOV_DEG),
        "ideal": SensorSchedule(),
    }


def main() -> int:
    """Check, measure, print and store JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60, help="measured frames per case, at least 50")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    frames = max(50, options.frames)
    cv2.setNumThreads(1)
    load = os.getloadavg()
    sizes: dict[str, Any] = {}
    for (width, height), goal_ms in GOALS_MS.items():
        frame = make_frame(width, height)
        schedules = cases(width)
        measured = {name: measure(schedule, frame, frames) for name, schedule in schedules.items()}
        sizes[f"{width}x{height}"] = {
            "check": check(schedules["full_chain"], frame),
            "goal_ms": goal_ms,
            "reached_goal": measured["full_chain"]["median_ms"] <= goal_ms,
            "cases": measured,
        }
    content = {
        "schema_version": 1,
        "threads": 1,
        "frames": frames,
        "preset": "cityscapes_like",
        "load_average_before": load,
        "sizes": sizes,
    }
    options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))
    return 0 if all(size["check"]["ok"] for size in sizes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
