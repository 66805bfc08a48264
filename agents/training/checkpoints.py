"""Train small PilotNets for saliency: ``python -m agents.training.checkpoints SHARDS OUT``.

What maps look like after 0.1, 0.5, 1, 4, 16 and 32 epochs (the VisualBackProp paper's Figure 7) needs networks stopped
there. The test of label randomisation (Adebayo et al. 2018) needs one that was fitted to shuffled labels, and beside it
its twin: the same frames, first weights and batches, true labels. Without the twin nobody could say whether a map
differs because of the labels or because it is another training's. All are made here, on stated subsets of collected
frames; none ever drives.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from agents.network_file import save_network
from agents.pilotnet import PilotNet
from agents.preprocessing import Preprocessing, to_network_input
from agents.training.dataset import NoDataError
from agents.training.driver import crop_batches
from agents.training.fit import LOSS_KNEE_DEG, FloatArray, predict

EPOCHS = (0.0, 0.1, 0.5, 1.0, 4.0, 16.0, 32.0)
TRUE, SHUFFLED = "true_labels", "shuffled_labels"
"""Names of the twins."""
PARTS = ("checkpoints", TRUE, SHUFFLED)
BATCH_SIZE, LEARNING_RATE = 32, 1e-3
HELD_OUT_SHARE = 0.1


@dataclass(frozen=True)
class Subset:
    """A few frames of many episodes.

    Attributes:
        crops: uint8 RGB (N, 66, 200, 3). swa_deg: (N,) label expert's answer. held_out: (N,) of whole episodes.
        data_hash: SHA-256 over crops and labels.
    """

    crops: npt.NDArray[np.uint8]
    swa_deg: FloatArray
    held_out: npt.NDArray[np.bool_]
    data_hash: str


def checkpoint_name(epoch: float) -> str:
    """Name of the network after so many epochs."""
    return f"epoch_{epoch:g}"


def spread_over(shards: Sequence[Path], frames: int) -> Subset:
    """About ``frames`` frames, equally many of each shard, none after a departure; every tenth shard is held out.

    Raises:
        NoDataError: no shard.
    """
    if not shards:
        raise NoDataError("no collected frames: run `python -m agents.training.build --stages agent_fit` first")
    each = max(1, frames // len(shards))
    crops, labels, held_out = [], [], []
    for number, path in enumerate(sorted(shards)):
        with np.load(path) as shard:
            usable = np.flatnonzero(shard["departed"] == 0.0)
            rows = usable[np.linspace(0, len(usable) - 1, min(each, len(usable))).astype(int)]
            crops.append(shard["crops"][rows])
            labels.append(shard["swa_label_deg"][rows].astype(np.float32))
        held_out.append(np.full(len(rows), number % round(1 / HELD_OUT_SHARE) == 0))
    pictures, swa_deg = np.concatenate(crops), np.concatenate(labels)
    digest = hashlib.sha256(pictures.tobytes() + swa_deg.tobytes()).hexdigest()
    return Subset(pictures, swa_deg, np.concatenate(held_out), digest)


def train(
    subset: Subset, stops: Mapping[float, str], out: Path, shuffle_labels: bool = False, seed: int = 0
) -> list[Path]:
    """Train once and write a network at each stop.

    Args:
        stops: epoch -> name of the network there. shuffle_labels: among the frames that are fitted. seed: of first
            weights and batches, the same with either labels.

    Returns:
        The files, in the order of training.
    """
    torch.set_num_threads(1)
    rng, began_s = np.random.default_rng(seed), time.process_time()
    rows = np.flatnonzero(~subset.held_out)
    target = subset.swa_deg[rows]
    if shuffle_labels:
        target = np.random.default_rng([seed, 1]).permutation(target)
    network = PilotNet(seed=seed).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    per_epoch = max(1, len(rows) // BATCH_SIZE)
    steps = {round(epoch * per_epoch): epoch for epoch in stops}
    written: list[Path] = []
    order = np.empty(0, dtype=np.int64)
    for step in range(max(steps) + 1):
        if step in steps:
            epoch = steps[step]
            written.append(out / f"{stops[epoch]}.safetensors")
            labels = "shuffled" if shuffle_labels else "true"
            card = {"epochs": epoch, "labels": labels, "seed": seed, "cpu_s": round(time.process_time() - began_s, 1)}
            _save(written[-1], network, subset, target, card)
        if len(order) < BATCH_SIZE:
            order = rng.permutation(len(rows))
        batch, order = order[:BATCH_SIZE], order[BATCH_SIZE:]
        network.train()
        answer = network(to_network_input(subset.crops[rows[batch]], "yuv"))
        loss = functional.smooth_l1_loss(answer, torch.from_numpy(target[batch]), beta=LOSS_KNEE_DEG)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return written


def _save(path: Path, network: PilotNet, subset: Subset, target: FloatArray, effort: Mapping[str, Any]) -> None:
    rows, held = np.flatnonzero(~subset.held_out), np.flatnonzero(subset.held_out)
    fitted = predict(network, crop_batches(subset.crops, rows), len(rows), "cpu")
    fresh = predict(network, crop_batches(subset.crops, held), len(held), "cpu")
    card = {
        "what": "network for judging saliency, never drives",
        **effort,
        "frames": len(rows),
        "data_hash": subset.data_hash,
        "settings": {"batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "loss_knee_deg": LOSS_KNEE_DEG},
        "network": asdict(network.config),
        "scores": {
            "training_mae_deg": _mae_deg(fitted, target),
            "training_mae_of_a_constant_deg": _mae_deg(np.median(target), target),
            "validation_mae_deg": _mae_deg(fresh, subset.swa_deg[held]),
        },
    }
    save_network(path, network, Preprocessing(), "driver", card)
    print(f"{path.name}: {card['scores']}", flush=True)


def _mae_deg(answers: FloatArray | np.floating, wanted: FloatArray) -> float:
    return round(float(np.abs(answers - wanted).mean()), 3)


def main() -> None:
    """Train the checkpoints and the twins."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.checkpoints", description=__doc__.splitlines()[0])
    parser.add_argument("shards", type=Path, help="folder of collected frames, such as data/agent_fit")
    parser.add_argument("out", type=Path, help="where the networks go")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to train (default: all)")
    parser.add_argument("--frames", type=int, default=1500, help="of the checkpoints, a tenth to validate on (1500)")
    parser.add_argument("--epochs", type=float, nargs="+", default=EPOCHS, help="where to stop for a checkpoint")
    parser.add_argument("--twin-frames", type=int, default=300, help="of the twins; few, to be learned by heart (300)")
    parser.add_argument("--twin-epochs", type=float, default=150.0, help="of the twins (150)")
    parser.add_argument("--seed", type=int, default=0, help="of the checkpoints; the twins' is the next one")
    options = parser.parse_args()
    shards = sorted(options.shards.glob("*.npz"))
    if "checkpoints" in options.parts:
        stops = {epoch: checkpoint_name(epoch) for epoch in sorted(options.epochs)}
        train(spread_over(shards, options.frames), stops, options.out, seed=options.seed)
    for name in (TRUE, SHUFFLED):
        if name in options.parts:
            subset = spread_over(shards, options.twin_frames)
            # Other first weights than the checkpoints' and the driver's: maps must not be alike for that reason.
            train(subset, {options.twin_epochs: name}, options.out, name == SHUFFLED, options.seed + 1)


if __name__ == "__main__":
    main()
