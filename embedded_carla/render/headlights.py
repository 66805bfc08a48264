"""The car's own headlights: two lobes taken as one, at the camera's place, with the cut-off of a low beam."""

from __future__ import annotations

import numpy as np

from embedded_carla.render.kernel import kernel

LAMP_BELOW_EYE_M = np.float32(0.75)
_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


@kernel
def beam_on_ground(strength: np.float32, z_m: np.float32, sideways: np.float32) -> np.float32:
    """Irradiance at depth ``z_m``, ``sideways`` as a tangent; nothing right before the bumper."""
    lobe = _ONE / (_ONE + np.float32(9.0) * sideways * sideways)
    beam = strength * lobe * lobe * np.float32(0.75) / (_ONE + z_m * z_m * np.float32(1.0 / 420.0))
    return beam * min(max((z_m - np.float32(2.0)) * np.float32(0.25), _ZERO), _ONE)


@kernel
def beam_on_upright(strength: np.float32, z_m: np.float32, sideways: np.float32, over_eye_m: np.float32) -> np.float32:
    """Irradiance on something upright, ``over_eye_m`` above the camera: full below the cut-off, stray light above."""
    lobe = _ONE / (_ONE + np.float32(9.0) * sideways * sideways)
    over = max(over_eye_m + LAMP_BELOW_EYE_M, _ZERO) / (np.float32(0.5) + np.float32(0.03) * z_m)
    cut = _ONE / (_ONE + over * over)
    return strength * lobe * lobe * cut * np.float32(1.1) / (_ONE + z_m * z_m * np.float32(1.0 / 420.0))
