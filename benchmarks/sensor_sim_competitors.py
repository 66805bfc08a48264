"""The sensor chain and its effects beside other libraries, in one run: ``python -m benchmarks.sensor_sim_competitors``.

Needs the packages of ``requirements-bench.txt``. One thread, uint8 RGB in and out. The contestants take turns in blocks
of frames, so that whatever else the machine does strikes all alike; each block begins with a frame that is not
measured. Factors are of the median processor time, wall time is stored beside it. What each does to the picture is
measured too: nobody may be fast by doing less. Losses are printed like wins, and what a library cannot do with the
installed NumPy is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.sensor_sim import FOV_DEG, Frame, check, make_frame
from benchmarks.sensor_sim_rival_chains import CHAINS, PRESET, Chain
from benchmarks.sensor_sim_rival_effects import CONTESTS, Contest
from sensor_sim.presets import load_preset

RESULT = Path(__file__).parent / "results" / "sensor_sim_competitors.json"
BLOCK = 10
FEWEST_FRAMES = 50
GOALS = {"albumentations": 4.0, "kornia": 3.0, "imagecorruptions": 20.0}
"""How many times faster than each of them the whole chain is meant to be."""

PACKAGES = ("albumentations", "albucore", "kornia", "imagecorruptions", "opencv-python-headless", "torch", "numpy")
OURS = "sensor_sim"
SAME_STRENGTH = 0.8
"""Our change of the picture over that of the plain OpenCV version, or its inverse, at least."""


def measure(contestants: Mapping[str, Chain], frame: Frame, frames: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of each; they take turns in blocks."""
    wall_ms: dict[str, list[float]] = {name: [] for name in contestants}
    processor_ms: dict[str, list[float]] = {name: [] for name in contestants}
    for first in range(0, frames, BLOCK):
        for name, run in contestants.items():
            run(frame, first)
            for tick in range(first, min(first + BLOCK, frames)):
                wall, processor = time.perf_counter(), time.process_time()
                run(frame, tick)
                processor_ms[name].append((time.process_time() - processor) * 1e3)
                wall_ms[name].append((time.perf_counter() - wall) * 1e3)
    return {
        name: {
            "processor_median_ms": round(statistics.median(processor_ms[name]), 3),
            "wall_median_ms": round(statistics.median(wall_ms[name]), 3),
        }
        for name in contestants
    }


def change(run: Chain, frame: Frame) -> dict[str, float]:
    """What a contestant does to the picture, mean of three ticks, grey levels."""
    outs = [run(frame, tick).astype(np.float64) for tick in range(3)]
    if any(out.shape != frame.shape for out in outs):
        raise ValueError(f"a picture of shape {outs[0].shape} came back for one of {frame.shape}")
    return {
        "changed_share": round(float(np.mean([(out != frame).mean() for out in outs])), 4),
        "rms_change_dn": round(float(np.mean([np.sqrt(np.square(out - frame).mean()) for out in outs])), 3),
        "frame_to_frame_sigma_dn": round(float((outs[1] - outs[0]).std() / 2.0**0.5), 3),
    }


def able(makers: Mapping[str, Any], frame: Frame) -> tuple[dict[str, Chain], dict[str, str]]:
    """Contestants that work with the installed packages, and why the others do not."""
    working: dict[str, Chain] = {}
    broken: dict[str, str] = {}
    for name, make in makers.items():
        try:
            working[name] = make(frame)
            working[name](frame, 0)
        except (AttributeError, TypeError) as error:
            # Renamed functions of NumPy and scikit-image that an unmaintained library still calls.
            working.pop(name, None)
            broken[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
    return working, broken


def compare(makers: Mapping[str, Any], frame: Frame, frames: int, goals: Mapping[str, float]) -> dict[str, Any]:
    """Times, changes and factors of everyone; ``sensor_sim`` must be among them."""
    contestants, broken = able(makers, frame)
    changes = {name: change(run, frame) for name, run in contestants.items()}
    times = measure(contestants, frame, frames)
    mine_ms = times[OURS]["processor_median_ms"]
    result: dict[str, Any] = {}
    for name in contestants:
        factor = times[name]["processor_median_ms"] / mine_ms
        result[name] = {**times[name], **changes[name]}
        if name != OURS:
            goal = goals.get(name)
            result[name] |= {"times_ours": round(factor, 2), "outcome": "we lose" if factor < 1.0 else "we win"}
            if goal is not None:
                result[name] |= {"goal": goal, "verdict": "reached" if factor >= goal else "MISSED"}
    return result | {name: {"does_not_run": reason} for name, reason in broken.items()}


def does_as_much(contest: Contest, result: Mapping[str, Any]) -> bool:
    """Our change against the plain version of the same formula, elsewhere against the weakest that stands beside it."""
    changes = {name: figures["rms_change_dn"] for name, figures in result.items() if "rms_change_dn" in figures}
    mine = changes.pop(OURS)
    if contest.same_strength and "opencv" in changes:
        return bool(SAME_STRENGTH <= mine / changes["opencv"] <= 1.0 / SAME_STRENGTH)
    return bool(mine >= SAME_STRENGTH * min(changes.values()))


def told(title: str, result: Mapping[str, Any]) -> None:
    """Print one comparison."""
    print(title)
    for name, figures in result.items():
        if "does_not_run" in figures:
            print(f"  {name:17s} does not run: {figures['does_not_run']}")
            continue
        factor = "" if name == OURS else f"×{figures['times_ours']:<7.2f}{figures['outcome']} "
        goal = f"(goal ×{figures['goal']:g}: {figures['verdict']})" if "goal" in figures else ""
        print(
            f"  {name:17s}{figures['processor_median_ms']:9.3f} ms  rms change "
            f"{figures['rms_change_dn']:7.2f}  {factor}{goal}",
            flush=True,
        )


def table(content: Mapping[str, Any]) -> str:
    """The stored figures as the Markdown table of docs/camera_tools.md: milliseconds, and how many times ours."""
    names = [name for name in CHAINS if name != OURS]
    lines = [f"| what | {OURS} | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    rows = [(f"whole chain, {size}", found["libraries"]) for size, found in content["chain"]["sizes"].items()]
    rows += [(f"{name}, {found['size']}", found["libraries"]) for name, found in content["effects"].items()]
    for what, libraries in rows:
        cells = [f"{libraries[OURS]['processor_median_ms']:.2f}"]
        for name in names:
            figures = libraries.get(name, {})
            if "times_ours" not in figures:
                cells.append("does not run" if figures else "")
                continue
            verdict = "" if "verdict" not in figures else f", goal ×{figures['goal']:g} {figures['verdict']}"
            cells.append(f"{figures['processor_median_ms']:.2f} (×{figures['times_ours']:.2g}{verdict})")
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, compare, print and store; exit code 1 if we changed the picture less than others did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--frames", type=int, default=FEWEST_FRAMES, help="measured frames each, at least 50")
    parser.add_argument("--effects", nargs="*", default=list(CONTESTS), choices=list(CONTESTS), metavar="EFFECT")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    frames = max(FEWEST_FRAMES, options.frames)
    content: dict[str, Any] = {
        "schema_version": 1,
        "threads": 1,
        "frames": frames,
        "processor": platform.processor() or platform.machine(),
        "load_average_before": os.getloadavg(),
        "versions": {package: version(package) for package in PACKAGES},
        "chain": {"does": {name: (make.__doc__ or "").strip() for name, make in CHAINS.items()}, "sizes": {}},
        "effects": {},
        "outputs_verified": True,
    }

    def keep(ok: bool) -> None:
        """Store what there is so far: an interrupted run loses nothing that it has measured."""
        content["outputs_verified"] = content["outputs_verified"] and ok
        content["load_average_after"] = os.getloadavg()
        options.out.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def whole_chain(width: int, height: int) -> None:
        frame = make_frame(width, height)
        checked = check(load_preset(PRESET, width, FOV_DEG), frame)
        result = compare(CHAINS, frame, frames, GOALS)
        content["chain"]["sizes"][f"{width}x{height}"] = {"our_output_checked": checked, "libraries": result}
        told(f"whole chain, {width}x{height}", result)
        keep(bool(checked["ok"]))

    whole_chain(640, 360)
    for name in options.effects:
        contest = CONTESTS[name]
        result = compare({OURS: contest.ours, **contest.rivals}, make_frame(640, 360), frames, {})
        enough = does_as_much(contest, result)
        content["effects"][name] = {
            "ours": {contest.effect: contest.parameters},
            "size": "640x360",
            "does_as_much": enough,
            "libraries": result,
        }
        told(f"{name}, 640x360{'' if enough else ' (WE CHANGE THE PICTURE LESS)'}", result)
        keep(enough)
    whole_chain(1280, 720)
    return 0 if content["outputs_verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
