"""Small dense networks on features: several members side by side, as one batched product."""

from __future__ import annotations

from collections.abc import Mapping

import torch

_NAMES = ("weight", "bias")


class DenseHeads:
    """M networks of one shape: ReLU between the layers, features standardised first.

    Args:
        tensors: ``mean`` and ``scale`` (F,), for each layer k ``weight{k}`` (M, in, out) and ``bias{k}`` (M, 1, out).
        prefix: of their names.
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor], prefix: str = "") -> None:
        self.mean, self.scale = tensors[f"{prefix}mean"], tensors[f"{prefix}scale"]
        count = sum(name.startswith(f"{prefix}weight") for name in tensors)
        self.layers = [tuple(tensors[f"{prefix}{name}{k}"] for name in _NAMES) for k in range(count)]

    def __call__(self, features: torch.Tensor, keep: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Outputs of every member.

        Args:
            features: (T, F).
            keep: one factor (M or more, 1, width) per hidden layer, multiplied into its output; None = all ones.

        Returns:
            (M, T, outputs); with ``keep`` of K rows and one member (K, T, outputs).
        """
        x = ((features - self.mean) / self.scale).unsqueeze(0)
        for k, (weight, bias) in enumerate(self.layers):
            x = torch.matmul(x, weight) + bias
            if k < len(self.layers) - 1:
                x = x.relu()
                if keep is not None:
                    x = x * keep[k]
        return x
