"""Tone curve: from exposed linear light to the codes of the output.

- ``curve: display`` (default): the usual sRGB encoding, then 255·(x/255)^gamma on display values, so that
  gamma 1 leaves the picture as it was and gamma < 1 brightens it.
- ``curve: book``: the literal curve of Hagn and Grau (2022), 255·(x/255)^gamma on linear values, no sRGB
  encoding.
- ``quantise: late`` (default): one rounding at the end.
- ``quantise: book``: rounding to 8 bits before the power as well, as printed there; leaves gaps in the
  histogram.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sensor_sim.effects.definition import (
    HAGN_GRAU,
    EffectDefinition,
    NumberParameter,
    OptionParameter,
    SeverityAxis,
    Stage,
)
from sensor_sim.kernel import FINE_TOP
from sensor_sim.transfer_curve import srgb_encode

DEFINITION = EffectDefinition(
    "gamma",
    (
        NumberParameter("gamma", "exponent", 0.1, 10.0, neutral=1.0),
        OptionParameter("curve", ("display", "book")),
        OptionParameter("quantise", ("late", "book")),
    ),
    Stage.ISP,
    summary="Another tone curve: brighter and flatter below 1, darker above.",
    formula="x' = 255·(x/255)^gamma on display values (curve: display) or on linear light (curve: book)",
    source=HAGN_GRAU,
    axis=SeverityAxis("gamma", 1.0, 10.0, log=True),
)


def gamma_at(gamma: float, level: float) -> float:
    """Exponent at severity ``level`` (0..1)."""
    return 1.0 + level * (gamma - 1.0)


def encode(linear: npt.NDArray[np.float64], book_level: float) -> npt.NDArray[np.float64]:
    """Exposed linear light 0..1 -> display value 0..1, before noise and gamma.

    Args:
        linear: any shape.
        book_level: 0 = sRGB encoding, 1 = none (``curve: book``), in between mixed, so that a ramp has no
            jump.
    """
    return linear if book_level == 1.0 else (1.0 - book_level) * srgb_encode(linear) + book_level * linear


def output_codes(display: npt.NDArray[np.float64], gamma: float, quantise: str) -> npt.NDArray[np.uint8]:
    """Display value 0..1 -> output code, monotone."""
    value = np.floor(255.0 * display + 0.5) / 255.0 if quantise == "book" else display
    return np.floor(255.0 * value**gamma + 0.5).astype(np.uint8)


@lru_cache(maxsize=1)
def _fine_srgb() -> npt.NDArray[np.float64]:
    return srgb_encode(np.arange(FINE_TOP + 1) / FINE_TOP)


def _fine_display(book_level: float) -> npt.NDArray[np.float64]:
    """``encode`` of all fine steps; the power is computed once, a ramp only mixes."""
    return (1.0 - book_level) * _fine_srgb() + book_level * np.arange(FINE_TOP + 1) / FINE_TOP


@lru_cache(maxsize=8)
def encode_table(book_level: float) -> npt.NDArray[np.int16]:
    """``encode`` from and to fine steps, int16 (FINE_TOP + 1,), read-only."""
    table = np.round(FINE_TOP * _fine_display(book_level)).astype(np.int16)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=8)
def output_table(gamma: float, quantise: str) -> npt.NDArray[np.uint8]:
    """``output_codes`` of display values in fine steps, uint8 (FINE_TOP + 1,), read-only."""
    table = output_codes(np.arange(FINE_TOP + 1) / FINE_TOP, gamma, quantise)
    table.setflags(write=False)
    return table


@lru_cache(maxsize=8)
def linear_output_table(book_level: float, gamma: float, quantise: str) -> npt.NDArray[np.uint8]:
    """Encoding and output in one table, for pictures without noise, uint8 (FINE_TOP + 1,)."""
    table = output_codes(_fine_display(book_level), gamma, quantise)
    table.setflags(write=False)
    return table
