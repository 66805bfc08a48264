"""Train a small PilotNet with checkpoints on the way: ``python -m agents.training.checkpoints SHARDS OUT``.

What its maps look like after 0.1, 0.5, 1, 4 and more epochs (the VisualBackProp paper's Figure 7) needs networks
stopped there; the test of label randomisation (Adebayo et al. 2018) needs one that was trained on shuffled labels.
Both are made here, on a stated subset of collected frames; neither ever drives.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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

EPOCHS = (0.0, 0.1, 0.5, 1.0, 4.0, 16.0)
SHUFFLED = "shuffled_labels"
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
    """File name of the network after so many epochs."""
    return f"epoch_{epoch:g}.safetensors"


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


def train(subset: Subset, epochs: Sequence[float], out: Path, shuffle_labels: bool, seed: int = 0) -> list[Path]:
    """Train once and write a network at each of ``epochs`` (the last only, where labels are shuffled).

    Returns:
        The files, in the order of training.
    """
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(~subset.held_out)
    target = subset.swa_deg[rows]
    if shuffle_labels:
        target = rng.permutation(target)
    network = PilotNet(seed=seed).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    per_epoch = max(1, len(rows) // BATCH_SIZE)
    stops = {round(epoch * per_epoch): epoch for epoch in (epochs[-1:] if shuffle_labels else epochs)}
    written: list[Path] = []
    order = np.empty(0, dtype=np.int64)
    for step in range(max(stops) + 1):
        if step in stops:
            name = f"{SHUFFLED}.safetensors" if shuffle_labels else checkpoint_name(stops[step])
            written.append(out / name)
            _save(written[-1], network, subset, rows, target, stops[step], seed)
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


def _save(
    path: Path,
    network: PilotNet,
    subset: Subset,
    rows: npt.NDArray[np.int64],
    target: FloatArray,
    epoch: float,
    seed: int,
) -> None:
    held = np.flatnonzero(subset.held_out)
    fitted = predict(network, crop_batches(subset.crops, rows), len(rows), "cpu")
    fresh = predict(network, crop_batches(subset.crops, held), len(held), "cpu")
    card = {
        "what": "checkpoint for saliency, never drives",
        "epochs": epoch,
        "frames": len(rows),
        "data_hash": subset.data_hash,
        "seed": seed,
        "settings": {"batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "loss_knee_deg": LOSS_KNEE_DEG},
        "network": asdict(network.config),
        "scores": {
            "training_mae_deg": round(float(np.abs(fitted - target).mean()), 3),
            "validation_mae_deg": round(float(np.abs(fresh - subset.swa_deg[held]).mean()), 3),
        },
    }
    save_network(path, network, Preprocessing(), "driver", card)
    print(f"{path.name}: {card['scores']}", flush=True)


def main() -> None:
    """Train both networks."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.checkpoints", description=__doc__.splitlines()[0])
    parser.add_argument("shards", type=Path, help="folder of collected frames, such as data/agent_fit")
    parser.add_argument("out", type=Path, help="where the networks go")
    parser.add_argument("--frames", type=int, default=1200, help="frames to train and validate on (default 1200)")
    parser.add_argument("--epochs", type=float, nargs="+", default=EPOCHS, help="where to stop for a checkpoint")
    parser.add_argument("--seed", type=int, default=0, help="of initial weights, batches and shuffled labels")
    options = parser.parse_args()
    subset = spread_over(sorted(options.shards.glob("*.npz")), options.frames)
    for shuffle_labels in (False, True):
        train(subset, sorted(options.epochs), options.out, shuffle_labels, options.seed)


if __name__ == "__main__":
    main()
