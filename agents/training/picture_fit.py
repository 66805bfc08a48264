"""Fit any steering network on a folder of driving: pictures to the reference angle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.preprocessing import Preprocessing, to_network_input
from agents.steering_network import SteeringNetwork
from agents.training.driver import mae_by_range
from agents.training.fit import BatchMaker, FitHistory, FitSettings, fit, predict
from agents.training.real_driving import Driving, read_crops

VALIDATION_SHARE = 0.1


def fit_on_pictures(
    network: SteeringNetwork,
    driving: Driving,
    preprocessing: Preprocessing,
    settings: FitSettings,
    device: str,
    cache: Path,
    checkpoint: Path,
    time_limit_s: float | None = None,
) -> tuple[FitHistory, dict[str, float | None]]:
    """Fit in place on nine tenths of the minutes, without augmentation; the last tenth validates.

    Args:
        preprocessing: how the network sees. cache: folder of crops that are kept from call to call.
        checkpoint, time_limit_s: as for `agents.training.fit.fit`.

    Returns:
        (history, validation MAE in degrees by |reference SWA| range).

    Raises:
        NoDataError: fewer than two minutes of driving, or a damaged picture.
        CheckpointError: the checkpoint is damaged or of another fit.
    """
    train, held = driving.split(1.0 - VALIDATION_SHARE, VALIDATION_SHARE)
    crops = read_crops(driving, preprocessing, cache)
    wanted = driving.swa_deg[held]

    def batches(rows: npt.NDArray[np.int64]) -> BatchMaker:
        return lambda index: to_network_input(crops[rows[index]], preprocessing.colour)

    def validate(candidate: SteeringNetwork) -> float:
        return float(np.abs(predict(candidate, batches(held), len(held), device) - wanted).mean())

    history = fit(
        network,
        batches(train),
        driving.swa_deg[train],
        settings,
        device,
        validate,
        checkpoint=checkpoint,
        time_limit_s=time_limit_s,
    )
    return history, mae_by_range(predict(network, batches(held), len(held), device), wanted, wanted)
