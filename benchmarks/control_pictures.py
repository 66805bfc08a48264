"""The eight pictures of one frame that a failure predictor could read instead of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt
import torch

from agents.pilotnet import PilotNet, PilotNetConfig
from agents.preprocessing import to_network_input
from agents.saliency.grad_cam import GradCam
from agents.saliency.lrp import Lrp
from agents.saliency.method import SaliencyMethod, attention
from agents.saliency.methods import VisualBackProp
from agents.saliency.smooth_grad import SmoothGrad
from agents.steering_network import SteeringNetwork

Pictures = npt.NDArray[np.uint8]
SALIENCY = "visualbackprop"
UNTRAINED_SEED, SHUFFLE_SEED = 11, 13
BATCH = 32


def sources(teacher: SteeringNetwork) -> Mapping[str, Callable[[Pictures], Pictures]]:
    """Name -> crops (N, H, W, 3) to what the predictor reads (N, H, W), both uint8."""
    untrained = PilotNet(PilotNetConfig(), seed=UNTRAINED_SEED)

    def maps(method: SaliencyMethod, network: SteeringNetwork = teacher) -> Callable[[Pictures], Pictures]:
        return lambda crops: _maps(method, network, crops)

    def shuffled(crops: Pictures) -> Pictures:
        order = np.random.default_rng(SHUFFLE_SEED).permutation(len(crops))
        return _maps(VisualBackProp(), teacher, crops)[order]

    return {
        SALIENCY: maps(VisualBackProp()),
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
