"""Tone curve: from exposed linear light to the codes of the output.

``curve: display`` (default): the usual sRGB encoding, then 255·(x/255)^gamma on display values, so that
gamma 1 leaves the picture as it was and gamma < 1 brightens it. ``curve: book``: the seed chapter's literal
curve, 255·(x/255)^gamma on linear values with no sRGB encoding.

``quantise: late`` (default): one rounding at the end. ``quantise: book``: rounding to 8 bits before the
curve as well, as in the chapter, which leaves gaps in the histogram.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, OptionParameter
from sensor_sim.transfer_curve import srgb_encode

DEFINITION = EffectDefinition(
    "gamma",
    (
        NumberParameter("gamma", "exponent", 0.1, 10.0),
        OptionParameter("curve", ("display", "book")),
        OptionParameter("quantise", ("late", "book")),
    ),
)

FINE_STEPS = 64
"""Steps per grey level inside the kernel."""
FINE_TOP = 255 * FINE_STEPS


def gamma_at(gamma: float, level: float) -> float:
    """Exponent at severity ``level`` (0..1)."""
    return 1.0 + level * (gamma - 1.0)


@lru_cache(maxsize=8)
def encode_table(book_level: float) -> npt.NDArray[np.int16]:
    """Linear light in fine steps -> display value in fine steps, before noise and gamma.

    Args:
        book_level: 0 = sRGB encoding, 1 = none (the book), in between mixed, so that a ramp has no jump.

    Returns:
        int16 (FINE_TOP + 1,).
    """
    linear = np.arange(FINE_TOP + 1) / FINE_TOP
    mixed = (1.0 - book_level) * srgb_encode(linear) + book_level * linear
    table = np.round(FINE_TOP * mixed).astype(np.int16)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=8)
def output_table(gamma: float, quantise: str) -> npt.NDArray[np.uint8]:
    """Display value in fine steps -> output code.

    Returns:
        uint8 (FINE_TOP + 1,), monotone.
    """
    value = np.arange(FINE_TOP + 1) / FINE_STEPS
    if quantise == "book":
        value = np.floor(value + 0.5)
    table = np.floor(255.0 * (value / 255.0) ** gamma + 0.5).astype(np.uint8)
    table.setflags(write=False)
    return table
