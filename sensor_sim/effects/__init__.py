"""One effect of a camera per file: its parameters, how severity scales them, and its part of the kernel."""

from __future__ import annotations

from sensor_sim.effects import blur, chromatic_aberration, exposure, gain, gamma, noise
from sensor_sim.effects.definition import EffectDefinition

EFFECTS: dict[str, EffectDefinition] = {
    module.DEFINITION.name: module.DEFINITION for module in (blur, chromatic_aberration, noise, gain, exposure, gamma)
}
"""Every effect by name, in the order in which the chain applies them."""
