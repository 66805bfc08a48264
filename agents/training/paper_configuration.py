"""A declared configuration of the failure prediction paper: networks, pictures, schedules, arms."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.pilotnet import PilotNetConfig
from agents.preprocessing import Preprocessing
from agents.training.fit import FitSettings

CONFIGURATIONS = Path(__file__).parent / "configurations"

WhichNetwork = Literal["weak", "trained"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(_Declared):
    """`FitSettings` as a file says them."""

    epochs: int = Field(ge=1)
    learning_rate: float = Field(gt=0.0)
    optimiser: Literal["one_cycle", "adam", "sgd"]
    loss: Literal["smooth_l1", "mse"]
    batch_size: int = Field(default=128, ge=1)
    weight_decay: float = 0.0

    def settings(self, seed: int) -> FitSettings:
        """For the training loop."""
        return FitSettings(**self.model_dump(), seed=seed)


class Network(_Declared):
    """Shape of driver and students."""

    height: int
    width: int
    channels: Literal[1]
    dropout: float = Field(ge=0.0, lt=1.0)


class Picture(_Declared):
    """Which rows of the camera picture are kept."""

    lower_share: float
    cut_bottom_share: float


class Arm(_Declared):
    """One failure predictor.

    Attributes:
        maps: whose VisualBackProp maps it reads; None: the camera picture.
        errors: whose error it predicts.
    """

    name: str
    maps: WhichNetwork | None
    errors: WhichNetwork


class PaperConfiguration(_Declared):
    """Everything that decides what comes out, but for data and seed.

    Attributes:
        driver: schedule of the trained driver; the weak one gets its first ``weak_epochs``.
        student_trains: "all" layers, or the dense "head" alone, on stored features of the transferred convolutions.
        shares: of a folder to fit on. shares_of_one_folder: of a folder that must do for everything.
        time_limit_s: of each fit; no further epoch begins after it.
    """

    name: str
    network: Network
    picture: Picture
    driver: Schedule
    weak_epochs: int = Field(ge=1)
    student: Schedule
    student_trains: Literal["all", "head"]
    arms: tuple[Arm, ...]
    shares: dict[Literal["driver", "predictor"], float]
    shares_of_one_folder: dict[Literal["driver", "predictor", "test"], float]
    time_limit_s: float | None = None

    def network_config(self) -> PilotNetConfig:
        """Shape of driver and students."""
        return PilotNetConfig(**self.network.model_dump())

    def preprocessing(self) -> Preprocessing:
        """How they see."""
        return Preprocessing(
            lower_share=self.picture.lower_share,
            height=self.network.height,
            width=self.network.width,
            colour="grey",
            cut_bottom_share=self.picture.cut_bottom_share,
        )


class ConfigurationError(ValueError):
    """No such configuration, or one that says something unknown."""


def load_configuration(name: str) -> PaperConfiguration:
    """A shipped configuration by its name, or one from the path of a YAML file.

    Raises:
        ConfigurationError: there is none, or it says something unknown.
    """
    try:
        return PaperConfiguration.model_validate(_read(name))
    except ValidationError as error:
        raise ConfigurationError(f"configuration {name}: {error}") from error


def _read(name: str) -> dict[str, Any]:
    path = Path(name) if name.endswith(".yaml") else CONFIGURATIONS / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in CONFIGURATIONS.glob("*.yaml")))
        raise ConfigurationError(f"no configuration {name!r}; known: {known}, or the path of a .yaml file")
    said: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    base = said.pop("extends", None)
    return said if base is None else {**_read(str(base)), **said}
