"""Fit every monitor that has something to learn, on cached features: one pass of the convolutions per data set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.attention_mean import AttentionMeanMonitor
from agents.monitors.attention_strength import AttentionStrengthMonitor
from agents.monitors.camera_student import CameraStudentMonitor
from agents.monitors.change_forecast import FigureMemory
from agents.monitors.crop_monitor import CropMonitor, Stretch
from agents.monitors.error_heads import (
    CameraErrorQuantileMonitor,
    CameraErrorSizeMonitor,
    SaliencyErrorQuantileMonitor,
    SaliencyErrorSizeMonitor,
)
from agents.monitors.forecast_features import tick_features
from agents.monitors.head_disagreement import HeadEnsembleMonitor, McDropoutMonitor
from agents.monitors.mahalanobis import PenultimateMahalanobisMonitor, PooledMahalanobisMonitor
from agents.monitors.margin_forecast import MarginMemory
from agents.monitors.mirror_consistency import MirrorConsistencyMonitor
from agents.monitors.reconstruction import AutoencoderMonitor, VaeMonitor
from agents.monitors.saliency_student import SaliencyStudentMonitor
from agents.monitors.student_monitor import StudentMonitor
from agents.monitors.watched_driver import dense_outputs, flat_features, pooled_features
from agents.network_file import LoadedNetwork, load_network
from agents.steering_network import SteeringNetwork
from agents.training import (
    change_forecast_fit,
    error_heads_fit,
    forecast_fit,
    fusion_fit,
    margin_forecast_fit,
    reconstruction_fit,
    uncertainty,
)
from agents.training.dataset import Frames
from agents.training.dense_fit import DenseSettings
from agents.training.model_card import trained_on
from agents.training.stretches import (
    Array,
    Memory,
    cached,
    driver_features,
    features_of,
    remembered,
    scores_of,
    thinned,
)
from agents.weights_io import save_weights, sha256_of

DRIVER = "pilotnet.safetensors"
MONITOR_EVERY, AGENT_EVERY = 4, 6
"""Frames at 10 Hz: every fourth one for monitors (2.5 Hz), every sixth one for what repeats the driver."""
FRAME_S = 0.1
FEATURES = ("flat", "pooled", "camera", "forecast")
HELD_SHARE = 0.15
Rows = npt.NDArray[np.int64]


class MonitorFitter:
    """Fits and writes; each `fit_…` reads what it needs, so each can be run alone.

    Args:
        monitor_frames: the driver's frames under artifacts. out: folder of the weights. data: folder of the caches.
        seed: of initial weights, batches, drop-out and folds; what is held out for the scores on the card stays.
    """

    def __init__(self, monitor_frames: Frames, out: Path, data: Path, seed: int = 0) -> None:
        self._all_frames, self._frames = monitor_frames, thinned(monitor_frames, MONITOR_EVERY)
        self._out, self._data, self._seed = out, data, seed
        self._driver: LoadedNetwork = load_network(out / DRIVER, "driver")
        self._network: SteeringNetwork = self._driver.network
        self._error_deg = self._frames.columns["swa_agent_deg"] - self._frames.columns["swa_label_deg"]
        usable = self._frames.before_departure & np.isfinite(self._error_deg)
        self._train, self._held = self._frames.holdout(usable, HELD_SHARE, seed=0)
        torch.set_num_threads(1)

    def fit_distances(self) -> None:
        """Mahalanobis on undisturbed frames."""
        features = self._features()
        rows = self._undisturbed()
        with torch.inference_mode():
            penultimate = dense_outputs(self._network, torch.from_numpy(features["flat"].astype(np.float32)))[
                -1
            ].numpy()
        for monitor, values in (
            (PenultimateMahalanobisMonitor, penultimate),
            (PooledMahalanobisMonitor, features["pooled"]),
        ):
            started = time.monotonic()
            tensors, shrinkage = uncertainty.shrunk_gaussian(values[rows])
            self._save(monitor.role, tensors, self._watches(), {"frames": len(rows), "shrinkage": shrinkage}, started)

    def fit_reconstructions(self) -> None:
        """Autoencoder and VAE on undisturbed frames."""
        rows = self._undisturbed()
        held = rows[np.isin(rows, self._held)]
        pictures = reconstruction_fit.small_pictures(self._frames.crops[rows[np.isin(rows, self._train)]])
        unseen = reconstruction_fit.small_pictures(self._frames.crops[held])
        for monitor, shipped in (
            (AutoencoderMonitor, reconstruction_fit.AUTOENCODER),
            (VaeMonitor, reconstruction_fit.VAE),
        ):
            started, settings = time.monotonic(), replace(shipped, seed=self._seed)
            network = reconstruction_fit.fit_autoencoder(pictures, settings)
            scores = {
                "frames": len(pictures),
                "held_out_error": reconstruction_fit.reconstruction_error(network, unseen),
            }
            config = {"code": settings.code, "variational": settings.variational}
            self._save(monitor.role, network.state_dict(), config, {**scores, "settings": vars(settings)}, started)

    def fit_steering_heads(self, agent_frames: Frames) -> None:
        """Head ensemble and drop-out head, on the expert's frames that the driver itself was fitted on."""
        frames = thinned(agent_frames, AGENT_EVERY)
        path = self._data / "agent_fit_features.npz"
        flat = cached(
            path,
            [frames.data_hash, self._driver.sha256],
            lambda: {"flat": driver_features(frames, self._network)[0]},
        )["flat"]
        train, _ = frames.holdout(frames.before_departure, 0.1, seed=0)
        for monitor, shipped in (
            (HeadEnsembleMonitor, uncertainty.ENSEMBLE),
            (McDropoutMonitor, uncertainty.DROPOUT),
        ):
            started, settings = time.monotonic(), replace(shipped, seed=self._seed)
            tensors, mae_deg = uncertainty.fit_steering_heads(flat, frames.columns["swa_label_deg"], train, settings)
            scores = {"held_out_mae_deg": mae_deg, "settings": uncertainty.described(settings), "frames": len(train)}
            config = {**self._watches(), "dropout": settings.dropout}
            self._save(monitor.role, tensors, config, scores, started, frames)

    def fit_error_heads(self) -> None:
        """Size and quantile of the error on the convolutions of both students."""
        for student, role in (
            (CameraStudentMonitor, CameraErrorSizeMonitor.role),
            (SaliencyStudentMonitor, SaliencyErrorSizeMonitor.role),
        ):
            loaded = student(self._out / f"{student.role}.safetensors")
            camera = student is CameraStudentMonitor
            flat = self._features()["camera"] if camera else self._saliency_features(loaded)
            started, settings = time.monotonic(), replace(error_heads_fit.ERROR_HEADS, seed=self._seed)
            tensors = error_heads_fit.fit_error_heads(flat, self._error_deg, self._train, settings)
            scores = error_heads_fit.size_scores(tensors, flat, self._error_deg, self._held)
            card = {**scores, "settings": uncertainty.described(settings)}
            self._save(role, tensors, self._rests_on(loaded), card, started)

    def fit_forecast(self) -> None:
        """The forecast, and its answers on episodes unseen by the member, for the fusion."""
        student = CameraStudentMonitor(self._out / "camera_student.safetensors")
        features = self._features()["forecast"]
        started, settings = time.monotonic(), replace(forecast_fit.FORECAST, seed=self._seed)
        wide = forecast_fit.frames_with_past(self._frames, features, FRAME_S * MONITOR_EVERY)
        fitted, blind = forecast_fit.fit_also_blind(self._frames, wide, settings)
        scores = {**forecast_fit.card_scores(fitted, blind), "settings": uncertainty.described(settings)}
        config = {**self._watches(), **self._rests_on(student), "slope": fitted.slope, "offset": fitted.offset}
        self._save("forecast", fitted.tensors, config, scores, started)
        np.save(self._data / "forecast_unseen.npy", fitted.unseen_log_odds)

    def fit_change_forecast(self) -> None:
        """The forecast from changes."""
        self._fit_with_memory(
            "change_forecast",
            "change_figures",
            FigureMemory,
            change_forecast_fit.CHANGE_FORECAST,
            change_forecast_fit.fit_change_forecast,
        )

    def fit_margin_forecast(self) -> None:
        """The forecast of the lane margin."""
        self._fit_with_memory(
            "margin_forecast",
            "margin_features",
            lambda distance: MarginMemory(self._network, distance),
            margin_forecast_fit.MARGIN_FORECAST,
            margin_forecast_fit.fit_margin_forecast,
        )

    def _fit_with_memory(
        self,
        role: str,
        features: str,
        memory: Callable[[PooledMahalanobisMonitor], Memory],
        shipped: DenseSettings,
        fit: Callable[[Frames, Array, DenseSettings], tuple[forecast_fit.FittedForecast, dict[str, Any]]],
    ) -> None:
        """On every frame, because a change from frame to frame needs the neighbours; ``features`` names their cache."""
        distance = PooledMahalanobisMonitor(self._out / "mahalanobis_pooled.safetensors")
        frames, sha256 = self._all_frames, str(distance.weights_sha256)
        wide = cached(
            self._data / f"{features}.npz",
            [frames.data_hash, self._driver.sha256, sha256],
            lambda: {"wide": remembered(frames, self._network, memory(distance), FRAME_S)},
        )["wide"]
        started, settings = time.monotonic(), replace(shipped, seed=self._seed)
        fitted, scores = fit(frames, wide, settings)
        scores["settings"] = uncertainty.described(settings)
        rests_on = {"distance_weights": "mahalanobis_pooled.safetensors", "distance_sha256": sha256}
        config = {**self._watches(), **rests_on, "slope": fitted.slope, "offset": fitted.offset}
        self._save(role, fitted.tensors, config, scores, started, frames)

    def fit_fusion(self) -> None:
        """The fusion of all that was fitted before."""
        made: list[Callable[[Path], CropMonitor]] = [
            *(PenultimateMahalanobisMonitor, PooledMahalanobisMonitor, HeadEnsembleMonitor, McDropoutMonitor),
            *(AutoencoderMonitor, VaeMonitor, CameraStudentMonitor, SaliencyStudentMonitor),
            *(CameraErrorSizeMonitor, CameraErrorQuantileMonitor),
            *(SaliencyErrorSizeMonitor, SaliencyErrorQuantileMonitor),
        ]
        learned = [make(self._out / f"{make.role}.safetensors") for make in made]  # type: ignore[attr-defined]
        # Not the change of attention: from frame to frame here is not from tick to tick there.
        plain: list[CropMonitor] = [AttentionMeanMonitor(), AttentionStrengthMonitor()]
        mirror = MirrorConsistencyMonitor(self._out / DRIVER)
        monitors = [*plain, mirror, *learned]
        hashes = {monitor.name: monitor.weights_sha256 for monitor in monitors}
        scores = self._cached(
            "monitor_fit_scores",
            [f"{name}:{sha}" for name, sha in hashes.items()],
            lambda: scores_of(self._frames, self._network, monitors, FRAME_S * MONITOR_EVERY),
        )
        forecast = self._out / "forecast.safetensors"
        scores = {**scores, "forecast": np.load(self._data / "forecast_unseen.npy").astype(np.float32)}
        hashes["forecast"] = sha256_of(forecast)
        started = time.monotonic()
        soon, usable = forecast_fit.targets(self._frames)
        folds = forecast_fit.episode_folds(self._frames, fusion_fit.FOLDS, seed=self._seed + 1)
        found = fusion_fit.fit_fusion(scores, soon, usable, folds)
        parts = [{**part, "weights_sha256": hashes[part["name"]]} for part in found.pop("parts")]
        config = {"parts": parts, "intercept": found.pop("intercept")}
        # A file without a tensor is no weights file; the model itself stands in its configuration, which is hashed too.
        weights = {"weight": torch.tensor([part["weight"] for part in parts])}
        self._save("fusion", weights, config, found, started)

    def _undisturbed(self) -> Rows:
        return np.flatnonzero(self._frames.before_departure & (self._frames.columns["sensor_level"] == 0.0))

    def _watches(self) -> dict[str, Any]:
        return {"driver_weights": DRIVER, "driver_sha256": self._driver.sha256}

    def _rests_on(self, student: StudentMonitor) -> dict[str, Any]:
        assert student.weights_path is not None
        return {"student_weights": student.weights_path.name, "student_sha256": student.weights_sha256}

    def _features(self) -> dict[str, npt.NDArray[Any]]:
        """``flat`` and ``pooled`` of the driver, ``camera`` of the camera student, ``forecast``: one pass for all."""
        student = CameraStudentMonitor(self._out / "camera_student.safetensors")

        def features(stretch: Stretch) -> tuple[torch.Tensor, ...]:
            maps = stretch.activations
            assert maps is not None
            camera = flat_features(student.student_pass(stretch)[1])
            return (
                flat_features(maps),
                pooled_features(maps),
                camera,
                tick_features(stretch, self._network, student),
            )

        return self._cached(
            "monitor_fit_features",
            [self._driver.sha256, str(student.weights_sha256)],
            lambda: dict(zip(FEATURES, features_of(self._frames, self._network, features), strict=True)),
        )

    def _saliency_features(self, student: StudentMonitor) -> npt.NDArray[Any]:
        def flat(stretch: Stretch) -> tuple[torch.Tensor, ...]:
            return (flat_features(student.student_pass(stretch)[1]),)

        return self._cached(
            "saliency_features",
            [self._driver.sha256, str(student.weights_sha256)],
            lambda: {"flat": features_of(self._frames, self._network, flat)[0]},
        )["flat"]

    def _cached(
        self, name: str, rests_on: list[str], make: Callable[[], dict[str, npt.NDArray[Any]]]
    ) -> dict[str, npt.NDArray[Any]]:
        return cached(self._data / f"{name}.npz", [self._frames.data_hash, str(MONITOR_EVERY), *rests_on], make)

    def _save(
        self,
        role: str,
        tensors: dict[str, torch.Tensor],
        config: dict[str, Any],
        scores: dict[str, Any],
        started: float,
        frames: Frames | None = None,
    ) -> None:
        fitted_on = frames or self._frames
        card = {
            "what": f"monitor {role}",
            "command": "python -m agents.training.build --stages monitors"
            + (f" --seed {self._seed}" if self._seed else ""),
            **trained_on(fitted_on),
            "data": {"frames": len(fitted_on), "episodes": len(fitted_on.specs), "sha256": fitted_on.data_hash},
            "scores": scores,
            "seconds": round(time.monotonic() - started, 1),
        }
        sha256 = save_weights(self._out / f"{role}.safetensors", tensors, {"role": role, **config}, card)
        print(f"saved {role} ({sha256[:12]}) in {card['seconds']} s: {_short(scores)}", flush=True)


def _short(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scores.items() if isinstance(value, (int, float))}
