"""Statistics of where the driver looks: its VisualBackProp map, from the very pass that steered."""

from __future__ import annotations

import torch

from agents.monitors.crop_monitor import CropMonitor, Stretch
from agents.pilotnet import PILOTNET_CONVOLUTIONS
from agents.saliency.maps import SaliencyMaps, normalised
from agents.saliency.visualbackprop import visualbackprop_mask


class AttentionMonitor(CropMonitor):
    """Base of the monitors that reduce a map to one figure."""

    unit = "share"
    reads = "driver's maps"
    reads_driver = True
    declared_latency_s = 0.005

    def attention(self, stretch: Stretch) -> SaliencyMaps:
        """Maps of the stretch.

        Raises:
            MonitorError: nobody gave the driver's activations.
        """
        self.activations_of(stretch)
        return attention_of(stretch)


def attention_of(stretch: Stretch) -> SaliencyMaps:
    """Maps of a stretch whose activations are known, (T, 1, H, W) in [0, 1], and what normalisation took away;
    computed once for all."""
    activations = stretch.activations
    assert activations is not None

    def maps() -> SaliencyMaps:
        with torch.inference_mode():
            return normalised(visualbackprop_mask(activations, PILOTNET_CONVOLUTIONS, stretch.crops.shape[1:3]))

    return stretch.once("attention", maps)
