"""Train the networks of a `paper` configuration: ``python -m agents.training.paper [--configuration paper] …``.

Frames come from our own loop (``--collect``: whole pictures of 640×360, expert at the wheel) or from a folder of real
driving (``--data``). Every fit leaves a checkpoint per epoch and a file when it is done: the same call without
``--fresh`` goes on after a kill. `agents.training.evaluate` judges the result.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.errors import WeightsError
from agents.network_file import LoadedNetwork, load_network, save_network
from agents.pilotnet import PilotNet, transfer_convolutions
from agents.steering_network import SteeringNetwork
from agents.training import splits
from agents.training.checkpoint import CheckpointError
from agents.training.collect import collect
from agents.training.dataset import NoDataError
from agents.training.fit import BatchMaker, FitHistory, FitSettings, fit, predict
from agents.training.fitted_network import OtherFitError, is_fitted
from agents.training.head import HeadOf
from agents.training.model_card import effort
from agents.training.paper_configuration import (
    Arm,
    ConfigurationError,
    PaperConfiguration,
    WhichNetwork,
    load_configuration,
)
from agents.training.paper_data import FILES, PaperData, folder_data, on_policy_set, own_data
from agents.training.paper_inputs import PredictorInputs
from agents.training.picture_fit import VALIDATION_SHARE, fit_on_pictures
from agents.training.real_driving import STEERING_UNITS, Driving, Rows, read_crops
from harness.evaluation.foreign.driving_log import DrivingLogError

# What a caller can mend: said in one line, without a trace.
_FAULTS = (NoDataError, DrivingLogError, ConfigurationError, CheckpointError, OtherFitError, WeightsError)


class PaperTraining:
    """The fits of a configuration; each reads what it needs from disk, so that any can be repeated alone.

    Args:
        out: folder of the networks, their checkpoints and cached crops.
    """

    def __init__(self, configuration: PaperConfiguration, data: PaperData, out: Path, device: str, seed: int) -> None:
        self._configuration, self._data = configuration, data
        self._out, self._device, self._seed = out, device, seed

    def run(self) -> None:
        """Both drivers and every arm, whatever is not there yet.

        Raises:
            NoDataError: fewer minutes of driving than parts to cut them into, or a damaged picture.
            OtherFitError: what is there was fitted to other data, or otherwise.
            CheckpointError: the same of an unfinished fit.
        """
        self.drivers()
        frames, drivers = self._data.predictor, {which: self.network(which) for which in FILES}
        missing = [arm for arm in self._configuration.arms if not self._is_there(arm, drivers)]
        if not missing:
            return
        crops = read_crops(frames, self._configuration.preprocessing(), self._out / "cache")
        inputs = PredictorInputs(drivers, crops, frames.swa_deg, self._device)
        for arm in missing:
            self._student(arm, inputs, drivers)

    def drivers(self) -> None:
        """Fit the weak driver and the trained one, which differ in their epochs alone."""
        schedule = self._configuration.driver
        weak = schedule.model_copy(update={"epochs": self._configuration.weak_epochs})
        self._driver("weak", weak.settings(self._seed))
        self._driver("trained", schedule.settings(self._seed))

    def _driver(self, which: WhichNetwork, settings: FitSettings) -> None:
        path, frames = self._out / FILES[which], self._data.driver
        if _said_there(path, self._fit_of(settings, frames)):
            return
        network = PilotNet(self._configuration.network_config(), seed=self._seed)
        print(f"{which} driver on {len(frames)} frames", flush=True)
        history, mae = fit_on_pictures(
            network,
            frames,
            self._configuration.preprocessing(),
            settings,
            self._device,
            self._out / "cache",
            path.with_suffix(".checkpoint"),
            self._configuration.time_limit_s,
        )
        scores = {"validation_mae_deg_by_swa_range": mae}
        self._save(path, network, "driver", history, scores, {}, self._fit_of(settings, frames))

    def _student(self, arm: Arm, inputs: PredictorInputs, drivers: Mapping[WhichNetwork, LoadedNetwork]) -> None:
        """Fit one failure predictor: maps, or pictures, to the signed error of its network."""
        path, frames = self._path(arm.name), self._data.predictor
        settings = self._configuration.student.settings(self._seed)
        error, taken_from = inputs.error_deg(arm.errors), arm.maps or arm.errors
        student = PilotNet(self._configuration.network_config(), seed=self._seed)
        transfer_convolutions(drivers[taken_from].network, student)
        train, held = frames.split(1.0 - VALIDATION_SHARE, VALIDATION_SHARE)
        fitted: SteeringNetwork = student
        if self._configuration.student_trains == "head":
            fitted, features = HeadOf(student), inputs.features(arm.maps, taken_from, student)
            batches: Callable[[Rows], BatchMaker] = lambda rows: _features(features, rows)  # noqa: E731
        else:
            pictures = inputs.pictures(arm.maps)
            batches = lambda rows: _maps(pictures, rows)  # noqa: E731

        def validate(candidate: SteeringNetwork) -> float:
            answers = predict(candidate, batches(held), len(held), self._device)
            return float(np.abs(answers - error[held]).mean())

        print(f"{arm.name} on {len(train)} frames", flush=True)
        history = fit(
            fitted,
            batches(train),
            error[train],
            settings,
            self._device,
            validate,
            checkpoint=path.with_suffix(".checkpoint"),
            time_limit_s=self._configuration.time_limit_s,
        )
        role = "camera_student" if arm.maps is None else "saliency_student"
        extra = {} if arm.maps is None else _teacher(drivers[arm.maps])
        scores = {"validation_mae_deg": history.validation_mae_deg[-1], "failure_share": _failures(error[held])}
        self._save(path, student, role, history, scores, extra, self._fit_of(settings, frames, drivers))

    def _path(self, name: str) -> Path:
        return self._out / f"{name}.safetensors"

    def _is_there(self, arm: Arm, drivers: Mapping[WhichNetwork, LoadedNetwork]) -> bool:
        settings = self._configuration.student.settings(self._seed)
        return _said_there(self._path(arm.name), self._fit_of(settings, self._data.predictor, drivers))

    def _fit_of(
        self, settings: FitSettings, frames: Driving, drivers: Mapping[WhichNetwork, LoadedNetwork] | None = None
    ) -> dict[str, Any]:
        """What decides a fit, as its card says it; ``drivers`` of a student alone."""
        declared = self._configuration.model_dump(mode="json")
        deciding = ("network", "picture") if drivers is None else ("network", "picture", "student_trains")
        return {
            "configuration": {name: declared[name] for name in deciding},
            "data": {"frames": len(frames), "sha256": frames.data_hash},
            "settings": dataclasses.asdict(settings),
            "drivers": {} if drivers is None else {which: one.sha256 for which, one in drivers.items()},
        }

    def network(self, which: WhichNetwork) -> LoadedNetwork:
        """A fitted driver, as its file holds it."""
        return load_network(self._out / FILES[which], "driver", self._device)

    def _save(
        self,
        path: Path,
        network: SteeringNetwork,
        role: str,
        history: FitHistory,
        scores: dict[str, Any],
        extra: dict[str, Any],
        of: dict[str, Any],
    ) -> None:
        card = {
            **of,
            "what": f"{path.stem} of configuration {self._configuration.name}",
            "command": f"python -m agents.training.paper --configuration {self._configuration.name}",
            "configuration": self._configuration.model_dump(mode="json"),
            "epochs_reached": len(history.train_loss),
            "history": dataclasses.asdict(history),
            "scores": scores,
            **effort(),
        }
        save_network(path, network.cpu(), self._configuration.preprocessing(), role, card, extra)
        path.with_suffix(".checkpoint").unlink(missing_ok=True)
        print(f"saved {path.name}, {len(history.train_loss)} epochs in {history.seconds:.0f} s", flush=True)


def _said_there(path: Path, wanted: Mapping[str, Any]) -> bool:
    there = is_fitted(path, wanted)
    if there:
        print(f"{path.name} is there", flush=True)
    return there


def _maps(pictures: npt.NDArray[np.uint8], rows: Rows) -> BatchMaker:
    return lambda index: torch.from_numpy(pictures[rows[index]]).unsqueeze(1).to(torch.float32)


def _features(features: npt.NDArray[np.float16], rows: Rows) -> BatchMaker:
    return lambda index: torch.from_numpy(features[rows[index]]).to(torch.float32)[:, :, None, None]


def _teacher(driver: LoadedNetwork) -> dict[str, Any]:
    return {"map_source": "teacher", "teacher_weights": driver.path.name, "teacher_sha256": driver.sha256}


def _failures(error_deg: npt.NDArray[np.float32]) -> float:
    return round(float((np.abs(error_deg) > 5.0).mean()), 4)


def main() -> None:
    """Collect where asked, then train what is missing."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.paper", description=__doc__.splitlines()[0])
    parser.add_argument("--configuration", default="paper", help="name or .yaml file (default: paper)")
    parser.add_argument("--data", type=Path, help="a folder of real driving; default: frames of our own loop")
    parser.add_argument("--own", type=Path, default=Path("data"), help="frames of our own loop (default: data)")
    parser.add_argument("--out", type=Path, help="networks (default: data/<configuration>)")
    parser.add_argument("--collect", action="store_true", help="drive our own loop first, for what is missing")
    parser.add_argument(
        "--on-policy", action="store_true", help="let the trained driver drive its test runs in the end"
    )
    parser.add_argument("--steering", choices=sorted(STEERING_UNITS), default="simulator", help="unit of --data's logs")
    parser.add_argument("--fps", type=float, help="frames a second, for logs without a clock")
    parser.add_argument("--workers", type=int, default=1, help="simulators in parallel")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="forget the networks first; leave it out to go on")
    options = parser.parse_args()
    if options.data is not None and (options.collect or options.on_policy):
        parser.error("--collect and --on-policy drive our own loop, which --data replaces: leave out one or the other")
    try:
        _train(options)
    except _FAULTS as error:
        parser.error(str(error))


def _train(options: argparse.Namespace) -> None:
    configuration = load_configuration(options.configuration)
    out = options.out or Path("data") / configuration.name
    if options.collect:
        for dataset in (splits.PAPER_FIT, splits.PAPER_LOG):
            collect(dataset, options.own, options.workers)
    data = _data(options, configuration, out)
    if options.fresh:  # only now: what is wrong with the data must not cost the networks
        shutil.rmtree(out, ignore_errors=True)
    PaperTraining(configuration, data, out, options.device, options.seed).run()
    if options.on_policy:
        collect(on_policy_set(configuration, out), options.own, options.workers)


def _data(options: argparse.Namespace, configuration: PaperConfiguration, networks: Path) -> PaperData:
    if options.data is not None:
        return folder_data(options.data, configuration, STEERING_UNITS[options.steering], options.fps)
    try:
        return own_data(options.own, configuration, networks)
    except NoDataError as error:
        raise NoDataError(f"{error}; --collect drives for them") from error


if __name__ == "__main__":
    main()
