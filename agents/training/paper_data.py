"""What the networks of a `paper` configuration are fitted on and judged on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from agents.training import splits
from agents.training.paper_configuration import PaperConfiguration, WhichNetwork
from agents.training.real_driving import LOG_NAME, Driving, SteeringUnit, read_driving
from agents.weights_io import sha256_of

FILES: dict[WhichNetwork, str] = {"weak": "driver_weak.safetensors", "trained": "driver_trained.safetensors"}


@dataclass(frozen=True)
class PaperData:
    """What is fitted on and what is judged on, by rows of whole minutes.

    Attributes:
        driver, predictor: disjoint frames to fit on. test: "log_based" and, where there is one, "on_policy".
    """

    driver: Driving
    predictor: Driving
    test: dict[str, Driving]


def own_data(folder: Path, configuration: PaperConfiguration, networks: Path) -> PaperData:
    """Frames that our own loop collected.

    Args:
        networks: folder of the trained driver; "on_policy" are frames that this very network drove.

    Raises:
        NoDataError: none yet.
    """
    frames = read_driving(folder / splits.PAPER_FIT.name)
    driver, predictor = frames.split(configuration.shares["driver"], configuration.shares["predictor"])
    test = {"log_based": read_driving(folder / splits.PAPER_LOG.name)}
    if (networks / FILES["trained"]).exists():
        driven = folder / on_policy_set(configuration, networks).name
        if any(driven.rglob(LOG_NAME)):  # a collection that was killed early leaves an empty folder
            test["on_policy"] = read_driving(driven)
    return PaperData(frames.take(driver), frames.take(predictor), test)


def on_policy_set(configuration: PaperConfiguration, networks: Path) -> splits.DataSet:
    """The runs that a configuration's trained driver, in the folder of its networks, drives itself.

    Its hash is in the name: runs of a driver that was trained anew never mix with those of the one before.

    Raises:
        WeightsError: it has not been trained yet.
    """
    driver = (networks / FILES["trained"]).resolve()
    name = f"paper_on_policy_{configuration.name}_{sha256_of(driver)[:8]}"
    return dataclasses.replace(splits.PAPER_ON_POLICY, name=name, agent=str(driver))


def folder_data(
    folder: Path, configuration: PaperConfiguration, unit: SteeringUnit, frames_per_s: float | None
) -> PaperData:
    """A folder of real driving, cut into three consecutive stretches. It has no on-policy side: the car was driven."""
    frames = read_driving(folder, unit, frames_per_s)
    shares = configuration.shares_of_one_folder
    driver, predictor, test = frames.split(shares["driver"], shares["predictor"], shares["test"])
    return PaperData(frames.take(driver), frames.take(predictor), {"log_based": frames.take(test)})
