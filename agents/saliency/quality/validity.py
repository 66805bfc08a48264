"""How often a method gives no map at all: no contrast, or numbers that are none."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from agents.saliency.maps import normalised


@dataclass(frozen=True)
class Validity:
    """Counts over pictures: maps without contrast, maps with a value that is not finite, and all."""

    zero: int
    not_finite: int
    n: int


def validity(raw: torch.Tensor, signed: bool) -> Validity:
    """Of raw maps (B, 1, H, W) as `SaliencyMethod.explain` gives them."""
    finite = torch.isfinite(raw).all(dim=3).all(dim=2).all(dim=1)
    shown = normalised((raw.abs() if signed else raw)[finite])
    return Validity(int(shown.zero.sum()), int((~finite).sum()), len(raw))
