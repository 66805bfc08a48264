"""Train one network on a folder of driving: ``python -m agents.training.networks --network netsvf --data DIR``.

The folder is one of real driving, or of our own loop (`agents.training.paper --collect` leaves one in data/paper_fit).
Recipes are the papers' as far as they tell them. A call that was killed, or that ran out of its minutes, goes on from
its last epoch.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from agents.netvf import NETHVF, NETHVF_PREPROCESSING, NETSVF, NETSVF_PREPROCESSING, NetVF
from agents.network_file import save_network
from agents.pilotnet import PilotNet, PilotNetConfig
from agents.preprocessing import Preprocessing
from agents.steering_network import SteeringNetwork
from agents.training.checkpoint import CheckpointError
from agents.training.dataset import NoDataError
from agents.training.fit import FitSettings
from agents.training.model_card import effort
from agents.training.picture_fit import fit_on_pictures
from agents.training.real_driving import STEERING_UNITS, Driving, read_driving
from harness.evaluation.foreign.driving_log import DrivingLogError


@dataclass(frozen=True)
class Recipe:
    """How a network is built and fitted.

    Attributes:
        make: seed to network. preprocessing: how it sees. settings: of the fit.
        min_speed_mps: slower frames are left out.
    """

    make: Callable[[int], SteeringNetwork]
    preprocessing: Preprocessing
    settings: FitSettings
    min_speed_mps: float = 0.0


# VisualBackProp paper: SGD, mean squared error, 32 epochs, speed above 5 m/s; rate, momentum and batch are not told.
_NETVF = FitSettings(
    epochs=32, learning_rate=1e-2, batch_size=64, weight_decay=0.0, optimiser="sgd", loss="mse", momentum=0.9
)
_PILOTNET = FitSettings(epochs=10, learning_rate=2e-3)
RECIPES: Mapping[str, Recipe] = {
    "pilotnet": Recipe(lambda seed: PilotNet(seed=seed), Preprocessing(), _PILOTNET),
    "pilotnet_grey": Recipe(
        lambda seed: PilotNet(PilotNetConfig(102, 364, 1, dropout=0.5), seed),
        Preprocessing(height=102, width=364, colour="grey"),
        _PILOTNET,
    ),
    "netsvf": Recipe(lambda seed: NetVF(NETSVF, seed), NETSVF_PREPROCESSING, _NETVF, min_speed_mps=5.0),
    "nethvf": Recipe(lambda seed: NetVF(NETHVF, seed), NETHVF_PREPROCESSING, _NETVF, min_speed_mps=5.0),
}


def train(
    recipe: Recipe, driving: Driving, out: Path, device: str, time_limit_s: float | None = None, what: str = "network"
) -> str:
    """Fit and write a driver's file with its card; returns the file's SHA-256.

    A fit that its time ended leaves its checkpoint too: the next call, with more time, goes on from it.

    Args:
        time_limit_s: no further epoch begins after it, earlier calls counted in. what: for the card.

    Raises:
        NoDataError: too little driving. CheckpointError: the checkpoint beside ``out`` is of another fit.
    """
    settings = recipe.settings
    network = recipe.make(settings.seed)
    checkpoint = out.with_suffix(".checkpoint")
    history, mae = fit_on_pictures(
        network, driving, recipe.preprocessing, settings, device, out.parent / "cache", checkpoint, time_limit_s
    )
    card = {
        "what": what,
        "command": "python -m agents.training.networks",
        "data": {"frames": len(driving), "sha256": driving.data_hash},
        "settings": dataclasses.asdict(settings),
        "epochs_reached": len(history.train_loss),
        "history": dataclasses.asdict(history),
        "scores": {"validation_mae_deg_by_swa_range": mae},
        **effort(),
    }
    sha256 = save_network(out, network.cpu(), recipe.preprocessing, "driver", card)
    if len(history.train_loss) == settings.epochs:
        checkpoint.unlink()
    return sha256


def main() -> None:
    """Parse and train."""
    parser = argparse.ArgumentParser(prog="python -m agents.training.networks", description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=sorted(RECIPES), required=True)
    parser.add_argument("--data", type=Path, default=Path("data/paper_fit"), help="folder of driving")
    parser.add_argument("--out", type=Path, help="default: data/<network>.safetensors")
    parser.add_argument("--steering", choices=sorted(STEERING_UNITS), default="simulator", help="unit of the logs")
    parser.add_argument("--fps", type=float, help="frames a second, for logs without a clock")
    parser.add_argument("--frames", type=int, help="at most so many, evenly taken (NetSVF on a CPU: 5000)")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--minutes", type=float, help="no further epoch begins after so long, earlier calls counted in")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recipe = RECIPES[options.network]
    settings = dataclasses.replace(recipe.settings, seed=options.seed, epochs=options.epochs or recipe.settings.epochs)
    out = options.out or Path("data") / f"{options.network}.safetensors"
    limit_s = None if options.minutes is None else 60.0 * options.minutes
    try:
        driving = read_driving(options.data, STEERING_UNITS[options.steering], options.fps, recipe.min_speed_mps)
        if options.frames is not None:
            driving = driving.evenly(options.frames)
        recipe = dataclasses.replace(recipe, settings=settings)
        sha256 = train(recipe, driving, out, options.device, limit_s, f"driver {options.network}")
    except (NoDataError, DrivingLogError, CheckpointError) as error:
        parser.error(str(error))
    print(f"saved {out} ({sha256[:12]}); drive with agent: {out}")
    if out.with_suffix(".checkpoint").exists():
        print("not all epochs: the same command with more --minutes goes on")


if __name__ == "__main__":
    main()
