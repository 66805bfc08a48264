"""What the shipped driver makes of pictures, as monitors read it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from agents.monitors.crop_monitor import Stretch
from agents.network_file import LoadedNetwork


def drive(driver: LoadedNetwork, crops: np.ndarray) -> Stretch:
    stretch = Stretch(crops, np.zeros(len(crops), np.float32), np.full(len(crops), 10.0, np.float32))
    with torch.inference_mode():
        swa_deg, maps = driver.network.forward_with_activations(stretch.network_input(driver.preprocessing.colour))
    return replace(stretch, swa_deg=swa_deg.numpy(), activations=maps, shared={})
