"""``python -m sensor_sim calibrate``: scenes, a target and a score function in; preset, figures and plots out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sensor_sim.calibration.calibrate import DEFAULT_EVALUATIONS, calibrate
from sensor_sim.calibration.camera_model import CameraModel, hagn_grau_parameters
from sensor_sim.calibration.emd import Scores, checked_scores
from sensor_sim.calibration.report import summary_lines, write_results
from sensor_sim.calibration.scoring import Evaluator, LocalEvaluator, RayEvaluator, SceneSet, scores_of
from sensor_sim.errors import SensorSpecError
from sensor_sim.frame_folder import read_folder
from sensor_sim.presets import load_preset


def add_command(commands: Any) -> None:
    """Declare the command's options."""
    parser = commands.add_parser(
        "calibrate", help="find the camera whose frames score like the real ones (earth mover's distance)"
    )
    parser.add_argument("--frames", type=Path, required=True, help="folder of ideal frames")
    parser.add_argument("--fov", type=float, required=True, help="their horizontal field of view, degrees")
    parser.add_argument("--score", required=True, help="package.module:function of (frames, names): score per frame")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--target", type=Path, help="folder of real frames, scored by the same function")
    target.add_argument("--target-scores", type=Path, help="JSON file with a list of scores")
    parser.add_argument("--start", default="cityscapes_like", help="preset to begin with, best an extracted one")
    parser.add_argument("--out", type=Path, required=True, help="folder for preset, figures and plots")
    parser.add_argument("--evaluations", type=int, default=DEFAULT_EVALUATIONS, help="at most so many cameras")
    parser.add_argument("--workers", type=int, default=1, help="cameras scored at the same time, on Ray if above 1")
    parser.add_argument("--seed", type=int, default=0, help="of the noise that all cameras share")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if options.evaluations < 1 or options.workers < 1:
        raise SensorSpecError("--evaluations and --workers are whole numbers from 1 on")
    frames = read_folder(options.frames)
    scenes = SceneSet(tuple(frames.values()), tuple(frames), options.fov, options.score)
    height, width = scenes.frames[0].shape[:2]
    model = CameraModel(
        load_preset(options.start, width, options.fov), hagn_grau_parameters(width, height, options.fov)
    )
    target = _target_scores(options)
    with _evaluator(scenes, options.workers) as evaluate:
        found = calibrate(model, evaluate, target, options.seed, options.evaluations)
    title = f"{options.start} calibrated with {options.score} on {len(frames)} frames of {options.frames.name}"
    write_results(found, options.out, width, options.fov, title)
    print("\n".join([*summary_lines(found), f"written: {options.out}"]))
    return 0


def _target_scores(options: argparse.Namespace) -> Scores:
    if options.target is not None:
        real = read_folder(options.target)
        return scores_of(options.score, list(real.values()), list(real))
    try:
        return checked_scores(json.loads(options.target_scores.read_text(encoding="utf-8")), "the target scores")
    except (OSError, json.JSONDecodeError) as error:
        raise SensorSpecError(f"--target-scores {options.target_scores}: {error}") from None


@contextmanager
def _evaluator(scenes: SceneSet, workers: int) -> Iterator[Evaluator]:
    """Scoring in this process, or on a Ray of this size that ends with the block."""
    if workers == 1:
        yield LocalEvaluator(scenes)
        return
    import ray

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        yield RayEvaluator(scenes)
    finally:
        ray.shutdown()
