"""Every saliency method by its short name."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from agents.errors import UnknownNameError
from agents.plug_ins import load_class, target_of
from agents.saliency.grad_cam import GradCam
from agents.saliency.gradient import Gradient
from agents.saliency.integrated_gradients import IntegratedGradients
from agents.saliency.lrp import PAPER_EPSILON, Lrp
from agents.saliency.method import ExplainedNetwork, SaliencyMethod
from agents.saliency.smooth_grad import SmoothGrad
from agents.saliency.visualbackprop import visualbackprop_mask


class VisualBackProp:
    """`agents.saliency.visualbackprop` behind the protocol: with a forward pass of its own."""

    name = "visualbackprop"
    signed = False
    reads_head = False

    def explain(self, network: ExplainedNetwork, inputs: torch.Tensor) -> torch.Tensor:
        """See `SaliencyMethod.explain`."""
        network.eval()
        with torch.inference_mode():
            _, activations = network.forward_with_activations(inputs)
            size = (int(inputs.shape[-2]), int(inputs.shape[-1]))
            return visualbackprop_mask(activations, network.layers, size)


METHODS: Mapping[str, SaliencyMethod] = {
    method.name: method
    for method in (
        VisualBackProp(),
        Lrp(),
        Lrp(PAPER_EPSILON),
        GradCam("size"),
        GradCam("left"),
        GradCam("right"),
        Gradient(),
        IntegratedGradients(),
        SmoothGrad(),
    )
}


def find_method(name: str) -> SaliencyMethod:
    """A saliency method by short name, shipped or announced by an installed package, or ``package.module:Class``.

    Raises:
        UnknownNameError: nothing of that name, or the class is no saliency method.
    """
    if name in METHODS:
        return METHODS[name]
    shipped = {key: f"{type(method).__module__}:{type(method).__name__}" for key, method in METHODS.items()}
    method = load_class(target_of(name, "saliency", shipped), "saliency")()
    if not isinstance(method, SaliencyMethod):
        raise UnknownNameError(f"{name!r} is no saliency method: see agents.saliency.method.SaliencyMethod")
    return method
