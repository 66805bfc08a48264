"""Rebuild every shipped weight: `python -m agents.training.build`.

Stages, each resumable (finished shards and files of an earlier call are used again unless --fresh):

  agent_fit     expert drives with disturbances; frames for the driver
  first_driver  weak teacher (one epoch) and a first driver
  driver        the first driver drives, disturbed, and the expert labels; final driver on both sets
  monitor_fit   the final driver drives under artifacts; frames for the failure predictors
  students      saliency student (on the weak teacher's maps) and its control on camera pictures; baseline tables
  monitors      everything else that watches: distances, heads, autoencoders, forecast and their fusion
  calibrate     shadow runs with all monitors; operating points, frozen
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from agents.network_file import load_network, save_network
from agents.preprocessing import Preprocessing
from agents.steering_network import SteeringNetwork
from agents.training import splits
from agents.training.baselines import save_baselines
from agents.training.calibrate import calibrate
from agents.training.collect import collect
from agents.training.dataset import Frames, load_frames
from agents.training.driver import fit_driver
from agents.training.fit import FitSettings
from agents.training.model_card import card, trained_on
from agents.training.monitors import MonitorFitter
from agents.training.student import fit_student, grey_inputs, saliency_inputs
from agents.weights_io import WEIGHTS_FOLDER

STAGES = ("agent_fit", "first_driver", "driver", "monitor_fit", "students", "monitors", "calibrate")
DRIVES_BY_WEIGHTS = frozenset({"driver", "monitor_fit", "calibrate"})
"""Stages in which simulators load the driver by its name, and so from the shipped folder."""
DRIVER = "pilotnet.safetensors"
TEACHER = "pilotnet_weak_teacher.safetensors"
FIRST_DRIVER = "pilotnet_first_round.safetensors"
FIRST_DRIVER_SETTINGS = FitSettings(epochs=4, learning_rate=2e-3)
DRIVER_SETTINGS = FitSettings(epochs=3, learning_rate=1.5e-3)
WEAK_TEACHER = FitSettings(epochs=1, learning_rate=5e-4)
STUDENT = FitSettings(epochs=3, learning_rate=1e-3)


def main() -> None:
    """Parse and run the stages."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.build", description=__doc__.splitlines()[0])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="default: all, in this order")
    parser.add_argument(
        "--data", type=Path, default=Path("data"), help="where collected frames are kept (default: data)"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS_FOLDER, help="where weights go (default: the shipped ones)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="simulators in parallel")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="for training")
    parser.add_argument("--seed", type=int, default=0, help="of draws, initial weights and batches")
    parser.add_argument("--fresh", action="store_true", help="forget collected frames first")
    options = parser.parse_args()
    if options.out.resolve() != WEIGHTS_FOLDER.resolve() and not DRIVES_BY_WEIGHTS.isdisjoint(options.stages):
        parser.error(f"stages {', '.join(sorted(DRIVES_BY_WEIGHTS))} drive with the shipped weights: leave --out out")
    if options.fresh:
        shutil.rmtree(options.data, ignore_errors=True)
    builder = Builder(options.data, options.out, options.workers, options.device, options.seed)
    for stage in STAGES:
        if stage in options.stages:
            started = time.monotonic()
            print(f"== {stage}", flush=True)
            getattr(builder, stage)()
            print(f"== {stage} done in {time.monotonic() - started:.0f} s", flush=True)


class Builder:
    """The stages; every one reads what it needs from disk, so each can be run alone."""

    def __init__(self, data: Path, out: Path, workers: int, device: str, seed: int) -> None:
        self._data, self._out = data, out
        self._workers, self._device, self._seed = workers, device, seed

    def agent_fit(self) -> None:
        """Collect the expert's frames."""
        self._collect(splits.AGENT_FIT)

    def first_driver(self) -> None:
        """Fit the weak teacher and the driver of the on-policy round."""
        frames = load_frames(self._collect(splits.AGENT_FIT))
        self._fit_and_save_driver(self._out / TEACHER, frames, WEAK_TEACHER, "weakly trained teacher (one epoch)")
        first = self._data / FIRST_DRIVER
        self._fit_and_save_driver(first, frames, FIRST_DRIVER_SETTINGS, "first round, expert's frames only")

    def driver(self) -> None:
        """Let the first driver drive, then fit the final one on both sets, starting from the first."""
        first = load_network(self._data / FIRST_DRIVER, "driver").network
        # The on-policy round is driven by the driver's file, so that the loop needs no second name for it.
        shutil.copyfile(self._data / FIRST_DRIVER, self._out / DRIVER)
        on_policy = self._collect(splits.AGENT_FIT_ON_POLICY)
        frames = load_frames([*self._collect(splits.AGENT_FIT), *on_policy])
        what = "driver, expert's and on-policy frames"
        self._fit_and_save_driver(self._out / DRIVER, frames, DRIVER_SETTINGS, what, first)

    def monitor_fit(self) -> None:
        """Collect the driver's frames under artifacts."""
        self._collect(splits.MONITOR_FIT)

    def students(self) -> None:
        """Fit the failure predictors and the baselines' tables."""
        frames = load_frames(self._collect(splits.MONITOR_FIT))
        provenance = {"data_hash": frames.data_hash, "frames": len(frames), **trained_on(frames)}
        save_baselines(frames, self._out, provenance)
        driver = load_network(self._out / DRIVER, "driver")
        teacher = load_network(self._out / TEACHER, "driver")
        settings = dataclasses.replace(STUDENT, seed=self._seed)
        torch.set_num_threads(self._workers)
        teachers = {"map_source": "teacher", "teacher_weights": TEACHER, "teacher_sha256": teacher.sha256}
        maps = saliency_inputs(teacher.network, frames.crops, self._device)
        self._fit_and_save_student(
            "saliency_student", "saliency_student", frames, maps, teacher.network, settings, teachers
        )
        self._fit_and_save_student(
            "camera_student", "camera_student", frames, grey_inputs(frames.crops), driver.network, settings, {}
        )

    def monitors(self) -> None:
        """Fit the other monitors on cached features, last the fusion of them all."""
        fitter = MonitorFitter(load_frames(self._collect(splits.MONITOR_FIT)), self._out, self._data, self._seed)
        fitter.fit_distances()
        fitter.fit_change_forecast()
        fitter.fit_margin_forecast()
        fitter.fit_forecast()
        fitter.fit_reconstructions()
        fitter.fit_error_heads()
        agent_frames = [*self._collect(splits.AGENT_FIT), *self._collect(splits.AGENT_FIT_ON_POLICY)]
        fitter.fit_steering_heads(load_frames(agent_frames))
        fitter.fit_fusion()

    def calibrate(self) -> None:
        """Run the calibration campaign and freeze the operating points."""
        calibrate(splits.CALIBRATE, self._data / "calibrate", self._out / "thresholds.json", self._workers)

    def _collect(self, dataset: splits.DataSet) -> list[Path]:
        return collect(dataset, self._data, self._workers)

    def _fit_and_save_driver(
        self, path: Path, frames: Frames, settings: FitSettings, what: str, start_from: SteeringNetwork | None = None
    ) -> None:
        print(f"fitting {path.name} ({what}) on {len(frames)} frames", flush=True)
        torch.set_num_threads(self._workers)
        settings = dataclasses.replace(settings, seed=self._seed)
        network, history, mae = fit_driver(frames, settings, self._device, start_from)
        scores = {"validation_mae_deg_by_swa_range": mae}
        written = card(what, frames, settings, history, scores)
        self._save(path, "driver", network.cpu(), Preprocessing(), written, {})

    def _fit_and_save_student(
        self,
        name: str,
        role: str,
        frames: Frames,
        inputs: Any,
        source: SteeringNetwork,
        settings: FitSettings,
        extra: dict[str, Any],
    ) -> None:
        print(f"fitting {name} on {len(frames)} frames", flush=True)
        torch.set_num_threads(self._workers)
        network, history, scores = fit_student(frames, inputs, source, settings, self._device)
        what = "failure predictor: signed SWA error of the driver (prediction - reference)"
        written = card(what, frames, settings, history, vars(scores))
        self._save(self._out / f"{name}.safetensors", role, network.cpu(), Preprocessing(colour="grey"), written, extra)

    def _save(
        self,
        path: Path,
        role: str,
        network: SteeringNetwork,
        preprocessing: Preprocessing,
        written: dict[str, Any],
        extra: dict[str, Any],
    ) -> None:
        sha256 = save_network(path, network, preprocessing, role, written, extra)
        print(f"saved {path.name} ({sha256[:12]})", flush=True)


if __name__ == "__main__":
    main()
