"""Monitors fitted without some effect: whatever learns from the driver's failures, on convolutions that saw none.

Driver and weak teacher were fitted on undisturbed driving with weak noise and small changes of brightness, the driver
also behind one mild camera preset. A student starts from the teacher's convolutions and here keeps them, so that what
it knows of an artifact lies in its dense layers alone, and those are fitted on the episodes that are left. The same
holds for the heads, the forecast and the fusion. Distances, reconstructions, attention and head disagreement never
learned from an artifact of the monitor-fit set anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.crop_monitor import Stretch
from agents.monitors.dense_heads import DenseHeads
from agents.monitors.departure_odds import DepartureOdds
from agents.monitors.error_heads import OUTPUTS, error_sizes_deg
from agents.monitors.forecast_features import LAGS_S, tick_features, with_student
from agents.monitors.fusion import fused
from agents.monitors.head_disagreement import HeadEnsembleMonitor
from agents.monitors.past import Past, with_past
from agents.monitors.saliency_student import SaliencyStudentMonitor
from agents.monitors.student_monitor import StudentMonitor
from agents.monitors.watched_driver import dense_outputs, flat_features
from agents.network_file import LoadedNetwork, load_network, save_network
from agents.pilotnet import PilotNet, PilotNetConfig, transfer_convolutions
from agents.preprocessing import Preprocessing
from agents.protocol import EpisodeContext
from agents.training import error_heads_fit, forecast_fit, fusion_fit
from agents.training.dataset import Frames
from agents.training.fit import FitSettings, fit
from agents.training.head import HeadOf
from agents.weights_io import WEIGHTS_FOLDER

DRIVER, TEACHER = "pilotnet.safetensors", "pilotnet_weak_teacher.safetensors"
STUDENTS: tuple[type[StudentMonitor], ...] = (CameraStudentMonitor, SaliencyStudentMonitor)
STUDENT_HEAD = FitSettings(epochs=6, learning_rate=1e-3)
FUSION_PARTS = ("forecast", "head_ensemble", "camera_error_size")
"""What the fusion may take: the parts of the shipped one."""

Array = npt.NDArray[np.floating]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Watched:
    """What fitted monitors read of consecutive ticks of one or several runs.

    Attributes:
        camera, saliency: last maps of a student on the picture and on the teacher's map, (N, F).
        plain: `tick_features`, its student's columns to be replaced, (N, G).
        ensemble: score of the head ensemble, (N, 1).
    """

    camera: Array
    saliency: Array
    plain: Array
    ensemble: Array

    def rows(self, rows: Rows) -> Watched:
        """Some of the ticks."""
        return Watched(self.camera[rows], self.saliency[rows], self.plain[rows], self.ensemble[rows])


class Watcher:
    """Turns stretches into what fitted monitors read.

    Args:
        scratch: an existing folder for the weights of students that were never fitted.
    """

    def __init__(self, scratch: Path) -> None:
        self.driver: LoadedNetwork = load_network(WEIGHTS_FOLDER / DRIVER, "driver")
        teacher = load_network(WEIGHTS_FOLDER / TEACHER, "driver")
        self.rests_on = [self.driver.sha256, teacher.sha256]
        self._ensemble = HeadEnsembleMonitor()
        (scratch / TEACHER).write_bytes(teacher.path.read_bytes())
        told = {"map_source": "teacher", "teacher_weights": TEACHER, "teacher_sha256": teacher.sha256}
        self._students = [
            kind(_unfitted(scratch / f"{kind.role}.safetensors", kind.role, teacher, told)) for kind in STUDENTS
        ]

    def __call__(self, stretch: Stretch) -> tuple[torch.Tensor, ...]:
        """Fields of `Watched` for a stretch with the driver's maps, (T, …) each."""
        camera, saliency = (flat_features(student.student_pass(stretch)[1]) for student in self._students)
        self._ensemble.reset(EpisodeContext("", 0, 0.05, 0, 0, 0.0))
        score = torch.from_numpy(self._ensemble.judge(stretch).score)[:, None]
        plain = tick_features(stretch, self.driver.network, self._students[0])
        return camera, saliency, plain, score


def _unfitted(path: Path, role: str, teacher: LoadedNetwork, told: Mapping[str, Any]) -> Path:
    save_network(path, untaught_student(teacher.network), Preprocessing(colour="grey"), role, {}, told)
    return path


def untaught_student(teacher: Any) -> PilotNet:
    """A student with the teacher's convolutions and dense layers that were never fitted."""
    network = PilotNet(PilotNetConfig(channels=1), seed=STUDENT_HEAD.seed)
    transfer_convolutions(teacher, network)
    return network.eval()


@dataclass(frozen=True)
class BlindMonitors:
    """Monitors that one set of episodes taught.

    Attributes:
        students: camera and saliency student; their convolutions are not used. error_heads: on the maps of both.
        forecast: its odds. fusion: parts and intercept.
    """

    students: tuple[PilotNet, PilotNet]
    error_heads: tuple[DenseHeads, DenseHeads]
    forecast: DepartureOdds
    fusion: Mapping[str, Any]

    def scores(self, watched: Watched, tick_s: float) -> dict[str, Array]:
        """Raw score of every fitted monitor for one run, (N,) each."""
        found: dict[str, Array] = {}
        sides = zip(("camera", "saliency"), (watched.camera, watched.saliency), strict=True)
        for (side, maps), student, heads in zip(sides, self.students, self.error_heads, strict=True):
            error_deg, _, _ = _answers(student, maps)
            found[f"{side}_student"] = np.abs(error_deg.numpy())
            with torch.inference_mode():
                sizes = error_sizes_deg(heads, _float(maps)).numpy()
            found |= {f"{side}_error_{name}": sizes[:, k] for k, name in enumerate(OUTPUTS)}
        lags = [round(lag_s / tick_s) for lag_s in LAGS_S]
        now = torch.from_numpy(_forecast_features(self.students[0], watched))
        found["forecast"] = self.forecast(with_past(Past(max(lags)).before(now), lags)).numpy()
        parts = {**found, "head_ensemble": watched.ensemble[:, 0].astype(np.float32)}
        chosen = self.fusion["parts"]
        found["fusion"] = fused([parts[part["name"]] for part in chosen], chosen, self.fusion["intercept"])
        return found


def fit_blind(
    frames: Frames, watched: Watched, kept: npt.NDArray[np.bool_], frame_s: float, seed: int = 0
) -> BlindMonitors:
    """Fit on some episodes alone.

    Args:
        frames: of all episodes. watched: of the same frames. kept: (N,), the frames of these episodes.
        frame_s: from frame to frame. seed: of initial weights, batches, drop-out and folds.

    Raises:
        NoDataError: nothing is left to learn from.
    """
    rows = np.flatnonzero(kept)
    some, seen = without_pictures(frames, rows), watched.rows(rows)
    error_deg = some.columns["swa_agent_deg"] - some.columns["swa_label_deg"]
    taught = np.flatnonzero(some.before_departure & np.isfinite(error_deg))
    sides = (seen.camera, seen.saliency)
    students = tuple(_fitted_student(maps, error_deg, taught, seed) for maps in sides)
    sizes = replace(error_heads_fit.ERROR_HEADS, seed=seed)
    heads = tuple(DenseHeads(error_heads_fit.fit_error_heads(maps, error_deg, taught, sizes)) for maps in sides)
    odds = replace(forecast_fit.FORECAST, seed=seed)
    forecast = forecast_fit.fit_forecast(some, _forecast_features(students[0], seen), frame_s, odds)
    soon, usable = forecast_fit.targets(some)
    with torch.inference_mode():
        size_deg = error_sizes_deg(heads[0], _float(seen.camera))[:, 0].numpy()
    parts = dict(zip(FUSION_PARTS, (forecast.unseen_log_odds, seen.ensemble[:, 0], size_deg), strict=True))
    folds = forecast_fit.episode_folds(some, fusion_fit.FOLDS, seed=seed + 1)
    return BlindMonitors(
        students=(students[0], students[1]),
        error_heads=(heads[0], heads[1]),
        forecast=DepartureOdds(DenseHeads(forecast.tensors), forecast.slope, forecast.offset),
        fusion=fusion_fit.fit_fusion(parts, soon, usable, folds),
    )


def without_pictures(frames: Frames, rows: Rows) -> Frames:
    """Some of the frames, as far as fits on cached features read them."""
    columns = {name: values[rows] for name, values in frames.columns.items()}
    return Frames(frames.crops[:, :0][rows], columns, frames.episode[rows], frames.specs, frames.data_hash)


def _fitted_student(maps: Array, error_deg: npt.NDArray[np.float32], rows: Rows, seed: int) -> PilotNet:
    network = PilotNet(PilotNetConfig(channels=1), seed=seed)

    def batch(index: Rows) -> torch.Tensor:
        return _float(maps[rows[index]])[:, :, None, None]

    fit(HeadOf(network), batch, error_deg[rows], replace(STUDENT_HEAD, seed=seed), "cpu", report=lambda _: None)
    return network.eval()


def _answers(student: PilotNet, maps: Array) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(predicted error (N,), first and last hidden layer) of a student's dense layers."""
    features = _float(maps)
    with torch.inference_mode():
        hidden = dense_outputs(student, features)
        return student.head(features), hidden[0], hidden[-1]


def _forecast_features(student: PilotNet, watched: Watched) -> npt.NDArray[np.float32]:
    features: npt.NDArray[np.float32] = with_student(_float(watched.plain), *_answers(student, watched.camera)).numpy()
    return features


def _float(values: Array) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
