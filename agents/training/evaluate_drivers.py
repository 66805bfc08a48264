"""MAE of driving networks by range of |SWA|: ``python -m agents.training.evaluate_drivers FILES --json OUT``.

For networks of any architecture (`agents.training.networks`), side by side on a folder of driving that none has seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from agents.errors import WeightsError
from agents.network_file import load_network
from agents.training.dataset import NoDataError
from agents.training.evaluate import figures_of, training_of
from agents.training.paper_inputs import driver_answers
from agents.training.real_driving import STEERING_UNITS, Driving, read_crops, read_driving
from agents.weights_io import card_path, load_json, save_json
from harness.evaluation.foreign.driving_log import DrivingLogError


def judge_drivers(files: Sequence[Path], driving: Driving, device: str = "cpu") -> dict[str, Any]:
    """Name of each file -> how it was trained, and its MAE by |reference SWA| with intervals over minutes of driving.

    Raises:
        WeightsError: a file is missing or no driver. NoDataError: a picture is damaged.
    """
    judged = {}
    for path in files:
        driver = load_network(path, "driver", device)
        answers = driver_answers(driver, read_crops(driving, driver.preprocessing), device)
        card = load_json(card_path(path))
        settings = card["settings"]
        recipe = {name: settings[name] for name in ("optimiser", "loss", "learning_rate", "momentum", "batch_size")}
        judged[path.stem] = {
            "architecture": card["config"]["architecture"],
            "input_px": list(driver.network.input_size),
            **training_of(card),
            "recipe": {**recipe, "epochs_planned": settings["epochs"]},
            "driver_mae_deg": figures_of(driving, answers, {})["driver_mae_deg"],
        }
    return judged


def main() -> None:
    """Judge, print, save."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.training.evaluate_drivers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("networks", type=Path, nargs="+", help="drivers, .safetensors")
    parser.add_argument(
        "--data", type=Path, default=Path("data/paper_log"), help="folder of driving that none has seen"
    )
    parser.add_argument("--steering", choices=sorted(STEERING_UNITS), default="simulator", help="unit of the logs")
    parser.add_argument("--fps", type=float, help="frames a second, for logs without a clock")
    parser.add_argument("--min-speed", type=float, default=0.0, help="leave out slower frames, m/s")
    parser.add_argument("--frames", type=int, help="at most so many, evenly taken")
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        driving = read_driving(options.data, STEERING_UNITS[options.steering], options.fps, options.min_speed)
        driving = driving if options.frames is None else driving.evenly(options.frames)
        judged = judge_drivers(options.networks, driving)
    except (NoDataError, DrivingLogError, WeightsError) as error:
        parser.error(str(error))
    data = {"frames": len(driving), "runs": len(set(driving.block.tolist())), "sha256": driving.data_hash}
    save_json(
        options.json,
        {"schema_version": 1, "test": {**data, "min_speed_mps": options.min_speed}, "networks": judged},
    )
    for name, found in judged.items():
        ranges = [
            f"{row['range_deg']}: {row['mae']['value']} (n {row['mae']['n']:g})" for row in found["driver_mae_deg"]
        ]
        print(f"{name}: MAE in degrees by |SWA| {', '.join(ranges)}")


if __name__ == "__main__":
    main()
