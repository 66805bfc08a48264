"""Shot and read noise: photons arrive at random, and the amplifier adds its own."""

from __future__ import annotations

import numpy as np

from sensor_sim.compiled import compiled
from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.effects.noise import BANK_UNIT, noise_bank, row_starts
from sensor_sim.frame_context import FrameContext


class ShotNoise(LightEffect):
    """Poisson noise of the electrons and Gaussian noise of the readout, in linear light."""

    definition = EffectDefinition(
        "shot_noise",
        (
            NumberParameter("electrons_at_white", "electrons per pixel", 2.0, 1e6),
            NumberParameter("read_noise_e", "electrons, standard deviation", 0.0, 1000.0, default=2.0),
        ),
        Stage.SENSOR,
        summary="Noise of a real sensor: grows with the root of the light, and never vanishes in the dark.",
        formula="λ = L·N, N = electrons_at_white; L' = L + (z₁·√(λ − 1/18) + (z₁² − 1)/6 + read_noise_e·z₂)/N",
        source="EMVA 1288; Poisson by its Cornish-Fisher expansion (mean and variance exact, skewness to 2 %)",
        axis=SeverityAxis("electrons_at_white", 1e5, 2.0, log=True),
    )

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``. ``gain`` comes later and amplifies this noise; fewer electrons mean less light."""
        height, width = light.shape[1:]
        bank = noise_bank(3 * width)
        shot = row_starts(np.uint64(self.seed), context.tick, height)
        read = row_starts(np.uint64(self.seed ^ 1), context.tick, height)
        electrons, read_noise = self.number("electrons_at_white"), self.number("read_noise_e")
        _add_electron_noise(light, bank, shot, read, 1.0 / BANK_UNIT, electrons, read_noise, level)
        return light


@compiled()
def _add_electron_noise(
    light: np.ndarray,
    bank: np.ndarray,
    shot_starts: np.ndarray,
    read_starts: np.ndarray,
    bank_step: float,
    electrons: float,
    read_noise: float,
    level: float,
) -> None:
    """Add the noise in place: light float32 (3, H, W), bank int16, starts int64 (H,)."""
    channels, height, width = light.shape
    step = np.float32(bank_step)
    white = np.float32(electrons)
    read = np.float32(read_noise)
    factor = np.float32(level / electrons)
    zero, eighteenth, sixth, one = np.float32(0.0), np.float32(1.0 / 18.0), np.float32(1.0 / 6.0), np.float32(1.0)
    for c in range(channels):
        for v in range(height):
            row = light[c, v]
            shot = bank[shot_starts[v] + c * width : shot_starts[v] + (c + 1) * width]
            dark = bank[read_starts[v] + c * width : read_starts[v] + (c + 1) * width]
            for u in range(width):
                z = np.float32(shot[u]) * step
                root = np.sqrt(max(row[u] * white - eighteenth, zero))
                noise = z * root + (z * z - one) * sixth + read * (np.float32(dark[u]) * step)
                row[u] = row[u] + factor * noise
