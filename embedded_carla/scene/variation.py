"""One texture pack, many places: the seed moves colours, wear and scenery of a pack, so that no colour means road."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from embedded_carla.scene.packs import Rgb, TexturePack

_STREAM = 2
"""Second word of the seed sequence: keeps these draws apart from those that place scenery."""


class _Draw:
    """Random changes, each named by what it does to a value."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _STREAM])))

    def factor(self, spread: float) -> float:
        """Log-normal, at most three deviations from 1."""
        return float(np.exp(spread * np.clip(self._rng.normal(), -3.0, 3.0)))

    def between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def colour(self, colour: Rgb, level: float, tint: float) -> Rgb:
        """Same colour, ``level`` times as bright, each channel tinted on its own; albedo stays in 0.01..0.8."""
        r, g, b = (float(np.clip(c * level * self.factor(tint), 0.01, 0.8)) for c in colour)
        return (r, g, b)

    def pair(self, colours: tuple[Rgb, Rgb], spread: float, tint: float) -> tuple[Rgb, Rgb]:
        """Both extremes of a ground: a common brightness and tint, and a contrast of their own."""
        level, tints = self.factor(spread), (self.factor(tint), self.factor(tint), self.factor(tint))
        apart = self.between(0.6, 1.7)
        low, high = [], []
        for a, b, t in zip(*colours, tints, strict=True):
            middle, half = 0.5 * (a + b) * level * t, 0.5 * (b - a) * level * t * apart
            low.append(float(np.clip(middle - half, 0.012, 0.8)))
            high.append(float(np.clip(middle + half, 0.012, 0.8)))
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def vary_pack(pack: TexturePack, seed: int) -> TexturePack:
    """The pack as it looks at the place that ``seed`` (≥ 0) names. Same pack and seed, same values."""
    draw = _Draw(seed)
    return replace(
        pack,
        asphalt=draw.pair(pack.asphalt, 0.26, 0.045),
        shoulder=draw.pair(pack.shoulder, 0.22, 0.04),
        verge=draw.pair(pack.verge, 0.20, 0.06),
        grass=draw.pair(pack.grass, 0.20, 0.08),
        asphalt_contrast=pack.asphalt_contrast * draw.between(0.7, 1.5),
        ground_contrast=pack.ground_contrast * draw.between(0.8, 1.25),
        patches=min(pack.patches * draw.between(0.2, 2.0), 0.7),
        cracks=round(pack.cracks * draw.between(0.0, 2.5)),
        track=pack.track + draw.between(-0.08, 0.10),
        verge_band_m=pack.verge_band_m * draw.between(0.5, 1.7),
        leaves=draw.colour(pack.leaves, draw.factor(0.15), 0.08),
        leaves_alternate=draw.colour(pack.leaves_alternate, draw.factor(0.15), 0.08),
        trees_per_km=pack.trees_per_km * draw.between(0.6, 1.5),
        bushes_per_km=pack.bushes_per_km * draw.between(0.6, 1.5),
        buildings_per_km=pack.buildings_per_km * draw.between(0.4, 1.6),
        facade=draw.colour(pack.facade, draw.factor(0.15), 0.06),
        paint_white=draw.colour(pack.paint_white, draw.between(0.80, 1.08), 0.015),
        paint_yellow=draw.colour(pack.paint_yellow, draw.between(0.80, 1.08), 0.03),
        wear=min(max(pack.wear * draw.factor(0.45), 0.02), 0.45),
        hills=pack.hills * draw.between(0.6, 1.5),
        hill_colour=draw.colour(pack.hill_colour, draw.factor(0.12), 0.06),
    )
