"""Gain: a fixed exposure factor on linear light (0.25 = two stops under-exposed, 4 = two stops over)."""

from __future__ import annotations

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage

DEFINITION = EffectDefinition(
    "gain",
    (NumberParameter("factor", "factor on linear light", 1e-3, 1e3, neutral=1.0),),
    Stage.SENSOR,
    summary="A fixed wrong exposure: too bright above 1, too dark below.",
    formula="L' = factor·L, clipped; a ramp takes equal steps in stops",
    source="photographic exposure value: one stop is a factor of 2",
    axis=SeverityAxis("factor", 1.0, 1000.0, log=True),
)


def gain_at(factor: float, level: float) -> float:
    """Factor at severity ``level`` (0..1): steps of equal level are equal numbers of stops."""
    return factor**level
