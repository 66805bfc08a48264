"""`python -m benchmarks.saliency_controls --data DIR`: is it the saliency, or would any picture of edges do?

The failure predictor's question, asked of eight pictures of the same frames at the same budget: VisualBackProp, LRP,
Grad-CAM and SmoothGrad maps of the weak teacher, Sobel edges, VisualBackProp of an untrained network, VisualBackProp of
another frame (of the same episode set, drawn at random), and the grey camera picture. Each goes through one-channel
PilotNet convolutions that stay as they are, either transferred from the teacher or drawn at random, and one dense head
is fitted to the driver's signed error. Scores are of held-out episodes: MAE, AUROC for |error| > 5°, and the share of
such frames found at a matched false positive rate of 5 %, overall and below 30° of reference SWA; intervals are
bootstraps over episodes. Writes `benchmarks/results/saliency_controls.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from agents.monitors.watched_driver import flat_features
from agents.network_file import load_network
from agents.pilotnet import PilotNet, PilotNetConfig, transfer_convolutions
from agents.preprocessing import to_network_input
from agents.saliency.grad_cam import GradCam
from agents.saliency.lrp import Lrp
from agents.saliency.method import SaliencyMethod, attention
from agents.saliency.methods import VisualBackProp
from agents.saliency.smooth_grad import SmoothGrad
from agents.steering_network import SteeringNetwork
from agents.training.dataset import Frames, load_frames
from agents.training.dense_fit import DenseSettings, answers_of, fit_heads
from agents.training.stretches import thinned
from agents.weights_io import WEIGHTS_FOLDER
from harness.evaluation.ranking import auroc

RESULT = Path(__file__).parent / "results" / "saliency_controls.json"
TEACHER = "pilotnet_weak_teacher.safetensors"
FAILURE_DEG, SMALL_DEG, MATCHED_FPR = 5.0, 30.0, 0.05
HEAD = DenseSettings(hidden=(100,), epochs=12, dropout=0.2, members=3)
UNTRAINED_SEED, RANDOM_SEED, SHUFFLE_SEED = 11, 12, 13
BOOTSTRAP_DRAWS = 500
BATCH = 32

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saliency_controls", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of collected monitor-fit shards")
    parser.add_argument("--every", type=int, default=20, help="keep every n-th stored frame (10 Hz) of an episode")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the result goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    frames = thinned(load_frames(sorted(options.data.glob("[!.]*.npz"))), options.every)
    result = measure(frames, options.every)
    options.json.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    for row in result["rows"]:
        print(
            f"{row['picture']:22} {row['convolutions']:12} MAE {row['mae_deg']:.2f}°  AUROC {row['auroc']:.3f} "
            f"[{row['auroc_low']:.3f}, {row['auroc_high']:.3f}]  TPR at 5 % FPR {row['tpr']:.2f}, "
            f"below 30° {row['tpr_below_30deg']:.2f}"
        )
    print(options.json)


def measure(frames: Frames, every: int) -> dict[str, Any]:
    """All rows."""
    teacher = load_network(WEIGHTS_FOLDER / TEACHER, "driver")
    error_deg = (frames.columns["swa_agent_deg"] - frames.columns["swa_label_deg"]).astype(np.float64)
    usable = frames.before_departure & np.isfinite(error_deg)
    train, held = frames.holdout(usable, 0.3, seed=0)
    rows = []
    for name, make in sources(teacher.network).items():
        started = time.process_time()
        pictures = make(frames.crops)
        for kind in ("transferred", "random"):
            features = _features(pictures, _convolutions(kind, teacher.network))
            predicted = _fitted(features, error_deg, train)
            scores = _scores(
                predicted[held], error_deg[held], frames.columns["swa_label_deg"][held], frames.episode[held]
            )
            rows.append({"picture": name, "convolutions": kind, **scores})
        print(f"{name}: {time.process_time() - started:.0f} s", flush=True)
    return {
        "schema_version": 1,
        "data": {"sha256": frames.data_hash, "every": every, "scene_version": frames.scene_version},
        "frames": {"fit": len(train), "held_out": len(held)},
        "episodes": len(frames.specs),
        "budget": {"head": {**vars(HEAD), "hidden": list(HEAD.hidden)}, "convolutions": "not fitted"},
        "teacher_sha256": teacher.sha256,
        "failure_share": float((np.abs(error_deg[held]) > FAILURE_DEG).mean()),
        "matched_fpr": MATCHED_FPR,
        "rows": rows,
    }


def sources(teacher: SteeringNetwork) -> Mapping[str, Callable[[Pictures], Pictures]]:
    """Name -> crops (N, H, W, 3) to what the predictor reads (N, H, W), both uint8."""
    untrained = PilotNet(PilotNetConfig(), seed=UNTRAINED_SEED)

    def maps(method: SaliencyMethod, network: SteeringNetwork = teacher) -> Callable[[Pictures], Pictures]:
        return lambda crops: _maps(method, network, crops)

    def shuffled(crops: Pictures) -> Pictures:
        order = np.random.default_rng(SHUFFLE_SEED).permutation(len(crops))
        return _maps(VisualBackProp(), teacher, crops)[order]

    return {
        "visualbackprop": maps(VisualBackProp()),
        "lrp": maps(Lrp()),
        "grad_cam": maps(GradCam("size")),
        "smooth_grad": maps(SmoothGrad(samples=6)),
        "sobel_edges": _sobel,
        "vbp_untrained": maps(VisualBackProp(), untrained),
        "vbp_of_another_frame": shuffled,
        "camera": _grey,
    }


def _maps(method: SaliencyMethod, network: SteeringNetwork, crops: Pictures) -> Pictures:
    parts = []
    for start in range(0, len(crops), BATCH):
        found = attention(method, network, to_network_input(crops[start : start + BATCH], "yuv")).maps[:, 0]
        parts.append((found * 255.0).round().to(torch.uint8).numpy())
    return np.concatenate(parts)


def _grey(crops: Pictures) -> Pictures:
    return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops])


def _sobel(crops: Pictures) -> Pictures:
    edges = []
    for grey in _grey(crops):
        size = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        edges.append((255.0 * size / max(float(size.max()), 1.0)).astype(np.uint8))
    return np.stack(edges)


def _convolutions(kind: str, teacher: SteeringNetwork) -> PilotNet:
    network = PilotNet(PilotNetConfig(channels=1), seed=RANDOM_SEED)
    if kind == "transferred":
        transfer_convolutions(teacher, network)
    return network.eval()


def _features(pictures: Pictures, network: PilotNet) -> npt.NDArray[np.float32]:
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            x = torch.from_numpy(pictures[start : start + BATCH]).unsqueeze(1).float()
            parts.append(flat_features(network.forward_with_activations(x)[1]).numpy())
    return np.concatenate(parts)


def _fitted(features: npt.NDArray[np.float32], error_deg: Floats, train: npt.NDArray[np.int64]) -> Floats:
    taught = np.zeros((HEAD.members, len(features)), dtype=np.float32)
    taught[:, train] = 1.0

    def loss(answers: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        wanted = target[:, 0].expand(answers.shape[:2])
        return torch.nn.functional.smooth_l1_loss(answers[..., 0], wanted, reduction="none")

    target = np.nan_to_num(error_deg)[:, None] / FAILURE_DEG
    tensors = fit_heads(features, target, taught, loss, HEAD)
    return answers_of(tensors, features)[..., 0].mean(axis=0).astype(np.float64) * FAILURE_DEG


def _scores(
    predicted_deg: Floats, error_deg: Floats, reference_deg: npt.NDArray[np.float32], episode: npt.NDArray[np.int32]
) -> dict[str, float | int | None]:
    failed, score = np.abs(error_deg) > FAILURE_DEG, np.abs(predicted_deg)
    threshold = float(np.quantile(score[~failed], 1.0 - MATCHED_FPR))
    small = np.abs(reference_deg) < SMALL_DEG
    low, high = _interval(score, failed, episode)
    return {
        "mae_deg": float(np.abs(predicted_deg - error_deg).mean()),
        "auroc": auroc(score[failed], score[~failed]),
        "auroc_low": low,
        "auroc_high": high,
        "tpr": float((score[failed] > threshold).mean()),
        "tpr_below_30deg": float((score[failed & small] > threshold).mean()),
        "failures": int(failed.sum()),
        "failures_below_30deg": int((failed & small).sum()),
    }


def _interval(score: Floats, failed: npt.NDArray[np.bool_], episode: npt.NDArray[np.int32]) -> tuple[float, float]:
    """95 % of the AUROC, percentile bootstrap over episodes."""
    rng, rows = np.random.default_rng(0), [np.flatnonzero(episode == k) for k in np.unique(episode)]
    draws = []
    for _ in range(BOOTSTRAP_DRAWS):
        drawn = np.concatenate([rows[k] for k in rng.integers(0, len(rows), len(rows))])
        value = auroc(score[drawn][failed[drawn]], score[drawn][~failed[drawn]])
        if value is not None:
            draws.append(value)
    low, high = np.quantile(draws, [0.025, 0.975]).tolist()
    return low, high


if __name__ == "__main__":
    main()
