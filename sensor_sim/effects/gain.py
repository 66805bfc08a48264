"""Gain: a fixed exposure factor on linear light (0.25 = two stops under-exposed, 4 = two stops over)."""

from __future__ import annotations

from sensor_sim.effects.definition import EffectDefinition, NumberParameter

DEFINITION = EffectDefinition("gain", (NumberParameter("factor", "factor on linear light", 1e-3, 1e3),))


def gain_at(factor: float, level: float) -> float:
    """Factor at severity ``level`` (0..1): steps of equal level are equal numbers of stops."""
    return factor**level
