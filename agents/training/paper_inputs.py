"""What the failure predictors of a configuration are fitted on; arms that share a part of it share its making."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from agents.network_file import LoadedNetwork
from agents.preprocessing import to_network_input
from agents.steering_network import SteeringNetwork
from agents.training.fit import BatchMaker, predict
from agents.training.head import features_of
from agents.training.paper_configuration import WhichNetwork
from agents.training.paper_pictures import pictures_of


class PredictorInputs:
    """Answers, pictures and features of a set of frames, each made when first asked for and kept.

    Args:
        drivers: both drivers. crops: uint8 RGB (N, H, W, 3) of their input size. swa_deg: (N,) reference angle.
    """

    def __init__(
        self,
        drivers: Mapping[WhichNetwork, LoadedNetwork],
        crops: npt.NDArray[np.uint8],
        swa_deg: npt.NDArray[np.float32],
        device: str,
    ) -> None:
        self._drivers, self._crops, self._swa_deg, self._device = drivers, crops, swa_deg, device
        self._answers: dict[WhichNetwork, npt.NDArray[np.float32]] = {}
        self._pictures: dict[WhichNetwork | None, npt.NDArray[np.uint8]] = {}
        self._features: dict[tuple[WhichNetwork | None, WhichNetwork], npt.NDArray[np.float16]] = {}

    def __len__(self) -> int:
        return len(self._crops)

    def answers_deg(self, which: WhichNetwork) -> npt.NDArray[np.float32]:
        """What a driver would steer, degrees, (N,)."""
        if which not in self._answers:
            self._answers[which] = driver_answers(self._drivers[which], self._crops, self._device)
        return self._answers[which]

    def error_deg(self, which: WhichNetwork) -> npt.NDArray[np.float32]:
        """Signed error of a driver, prediction − reference, degrees, (N,)."""
        return self.answers_deg(which) - self._swa_deg

    def pictures(self, maps: WhichNetwork | None) -> npt.NDArray[np.uint8]:
        """Maps of a driver, or the grey pictures for None, uint8 (N, H, W)."""
        if maps not in self._pictures:
            network = None if maps is None else self._drivers[maps].network
            self._pictures[maps] = pictures_of(network, self._crops, self._device)
        return self._pictures[maps]

    def features(
        self, maps: WhichNetwork | None, taken_from: WhichNetwork, student: SteeringNetwork
    ) -> npt.NDArray[np.float16]:
        """Flattened last maps that a student's convolutions make of those pictures, (N, F).

        Args:
            taken_from: the driver whose convolutions the student has. student: any with them.
        """
        if (maps, taken_from) not in self._features:
            self._features[maps, taken_from] = features_of(student, self.pictures(maps), self._device)
        return self._features[maps, taken_from]


def driver_answers(driver: LoadedNetwork, crops: npt.NDArray[np.uint8], device: str) -> npt.NDArray[np.float32]:
    """What a driver would steer on each crop, degrees, (N,)."""
    batch: BatchMaker = lambda index: to_network_input(crops[index], driver.preprocessing.colour)  # noqa: E731
    return predict(driver.network, batch, len(crops), device)
