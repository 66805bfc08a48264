"""Texture packs: the look of a region and season. Data are split by pack, so packs must really differ."""

from __future__ import annotations

from dataclasses import dataclass

Rgb = tuple[float, float, float]


class UnknownTexturePackError(ValueError):
    """The named texture pack does not exist."""


@dataclass(frozen=True)
class TexturePack:
    """Colours are linear albedo (r, g, b), two extremes between which texture mixes.

    Attributes:
        asphalt, shoulder, verge, grass: extremes of each ground.
        asphalt_contrast, ground_contrast: strength of the grain.
        patches: share of repaired asphalt, 0..1. cracks: tarred cracks per 64 m.
        joints_m: spacing of cross joints (0: none).
        track: darkening (negative) or polishing (positive) of wheel tracks.
        verge_band_m: width of the gravel or sand beside the pavement.
        leaves, leaves_alternate: crown colours; trunk colour. conifer_share: 0..1; bare: share of leaves missing.
        trees_per_km, bushes_per_km, buildings_per_km: densities. facade: building colour.
        paint_white, paint_yellow: paint; wear: share of paint worn off.
        hills: height of the horizon, degrees; hill_colour.
    """

    asphalt: tuple[Rgb, Rgb]
    shoulder: tuple[Rgb, Rgb]
    verge: tuple[Rgb, Rgb]
    grass: tuple[Rgb, Rgb]
    asphalt_contrast: float
    ground_contrast: float
    patches: float
    cracks: int
    joints_m: float
    track: float
    verge_band_m: float
    leaves: Rgb
    leaves_alternate: Rgb
    trunk: Rgb
    conifer_share: float
    bare: float
    trees_per_km: float
    bushes_per_km: float
    buildings_per_km: float
    facade: Rgb
    paint_white: Rgb
    paint_yellow: Rgb
    wear: float
    hills: float
    hill_colour: Rgb


def _grey(level: float, tint: Rgb = (1.0, 1.0, 1.0)) -> Rgb:
    return (level * tint[0], level * tint[1], level * tint[2])


_WHITE: Rgb = (0.66, 0.66, 0.63)
_YELLOW: Rgb = (0.62, 0.44, 0.06)
_BARK: Rgb = (0.10, 0.075, 0.055)
_WARM: Rgb = (1.06, 1.0, 0.90)
_COOL: Rgb = (0.94, 1.0, 1.05)

PACKS: dict[str, TexturePack] = {
    "summer": TexturePack(
        asphalt=(_grey(0.070), _grey(0.110)),
        shoulder=(_grey(0.100, _WARM), _grey(0.150, _WARM)),
        verge=((0.16, 0.14, 0.105), (0.24, 0.21, 0.16)),
        grass=((0.045, 0.088, 0.022), (0.100, 0.140, 0.040)),
        asphalt_contrast=0.30,
        ground_contrast=0.75,
        patches=0.25,
        cracks=3,
        joints_m=0.0,
        track=-0.10,
        verge_band_m=0.7,
        leaves=(0.035, 0.085, 0.020),
        leaves_alternate=(0.075, 0.125, 0.030),
        trunk=_BARK,
        conifer_share=0.15,
        bare=0.10,
        trees_per_km=90,
        bushes_per_km=70,
        buildings_per_km=8,
        facade=(0.50, 0.44, 0.36),
        paint_white=_WHITE,
        paint_yellow=_YELLOW,
        wear=0.12,
        hills=2.2,
        hill_colour=(0.060, 0.100, 0.070),
    ),
    "spring": TexturePack(
        asphalt=(_grey(0.085, _COOL), _grey(0.130, _COOL)),
        shoulder=(_grey(0.120), _grey(0.170)),
        verge=((0.11, 0.09, 0.065), (0.17, 0.14, 0.10)),
        grass=((0.065, 0.130, 0.022), (0.130, 0.185, 0.035)),
        asphalt_contrast=0.26,
        ground_contrast=0.65,
        patches=0.15,
        cracks=2,
        joints_m=0.0,
        track=-0.08,
        verge_band_m=0.4,
        leaves=(0.080, 0.140, 0.025),
        leaves_alternate=(0.150, 0.180, 0.060),
        trunk=_BARK,
        conifer_share=0.05,
        bare=0.35,
        trees_per_km=70,
        bushes_per_km=90,
        buildings_per_km=10,
        facade=(0.58, 0.52, 0.44),
        paint_white=(0.72, 0.72, 0.70),
        paint_yellow=_YELLOW,
        wear=0.05,
        hills=1.6,
        hill_colour=(0.080, 0.130, 0.070),
    ),
    "dry": TexturePack(
        asphalt=(_grey(0.115, _WARM), _grey(0.165, _WARM)),
        shoulder=((0.20, 0.165, 0.11), (0.27, 0.22, 0.15)),
        verge=((0.26, 0.20, 0.125), (0.36, 0.29, 0.19)),
        grass=((0.20, 0.155, 0.075), (0.30, 0.24, 0.125)),
        asphalt_contrast=0.34,
        ground_contrast=0.60,
        patches=0.30,
        cracks=6,
        joints_m=0.0,
        track=-0.12,
        verge_band_m=1.4,
        leaves=(0.070, 0.085, 0.035),
        leaves_alternate=(0.120, 0.120, 0.055),
        trunk=(0.13, 0.10, 0.07),
        conifer_share=0.10,
        bare=0.30,
        trees_per_km=28,
        bushes_per_km=120,
        buildings_per_km=5,
        facade=(0.62, 0.52, 0.38),
        paint_white=_WHITE,
        paint_yellow=(0.58, 0.40, 0.07),
        wear=0.25,
        hills=3.2,
        hill_colour=(0.190, 0.145, 0.095),
    ),
    "autumn": TexturePack(
        asphalt=(_grey(0.060), _grey(0.100)),
        shoulder=((0.105, 0.090, 0.065), (0.155, 0.125, 0.085)),
        verge=((0.15, 0.095, 0.045), (0.25, 0.150, 0.060)),
        grass=((0.085, 0.090, 0.030), (0.160, 0.130, 0.050)),
        asphalt_contrast=0.32,
        ground_contrast=0.85,
        patches=0.30,
        cracks=4,
        joints_m=0.0,
        track=-0.09,
        verge_band_m=0.9,
        leaves=(0.230, 0.095, 0.020),
        leaves_alternate=(0.300, 0.190, 0.030),
        trunk=_BARK,
        conifer_share=0.12,
        bare=0.25,
        trees_per_km=110,
        bushes_per_km=60,
        buildings_per_km=7,
        facade=(0.46, 0.32, 0.24),
        paint_white=(0.62, 0.62, 0.58),
        paint_yellow=_YELLOW,
        wear=0.18,
        hills=2.6,
        hill_colour=(0.130, 0.095, 0.050),
    ),
    "alpine": TexturePack(
        asphalt=(_grey(0.078, _COOL), _grey(0.125, _COOL)),
        shoulder=(_grey(0.150, _COOL), _grey(0.215, _COOL)),
        verge=(_grey(0.17, _COOL), _grey(0.29, _COOL)),
        grass=((0.050, 0.100, 0.034), (0.105, 0.150, 0.060)),
        asphalt_contrast=0.36,
        ground_contrast=0.80,
        patches=0.40,
        cracks=8,
        joints_m=0.0,
        track=-0.06,
        verge_band_m=1.1,
        leaves=(0.020, 0.052, 0.026),
        leaves_alternate=(0.036, 0.075, 0.034),
        trunk=(0.09, 0.065, 0.05),
        conifer_share=0.90,
        bare=0.05,
        trees_per_km=150,
        bushes_per_km=40,
        buildings_per_km=4,
        facade=(0.30, 0.20, 0.13),
        paint_white=(0.68, 0.68, 0.66),
        paint_yellow=_YELLOW,
        wear=0.15,
        hills=8.5,
        hill_colour=(0.120, 0.130, 0.140),
    ),
    "coast": TexturePack(
        asphalt=(_grey(0.125), _grey(0.180)),
        shoulder=((0.24, 0.21, 0.165), (0.32, 0.29, 0.23)),
        verge=((0.36, 0.30, 0.21), (0.48, 0.41, 0.30)),
        grass=((0.100, 0.120, 0.055), (0.280, 0.245, 0.150)),
        asphalt_contrast=0.28,
        ground_contrast=0.55,
        patches=0.20,
        cracks=3,
        joints_m=0.0,
        track=-0.10,
        verge_band_m=1.8,
        leaves=(0.050, 0.085, 0.045),
        leaves_alternate=(0.085, 0.115, 0.060),
        trunk=(0.16, 0.12, 0.08),
        conifer_share=0.55,
        bare=0.15,
        trees_per_km=35,
        bushes_per_km=110,
        buildings_per_km=12,
        facade=(0.74, 0.71, 0.65),
        paint_white=(0.72, 0.72, 0.69),
        paint_yellow=(0.66, 0.47, 0.07),
        wear=0.20,
        hills=0.7,
        hill_colour=(0.090, 0.120, 0.130),
    ),
    "concrete": TexturePack(
        asphalt=(_grey(0.205, _WARM), _grey(0.270, _WARM)),
        shoulder=(_grey(0.090), _grey(0.135)),
        verge=((0.125, 0.115, 0.10), (0.20, 0.185, 0.165)),
        grass=((0.060, 0.095, 0.030), (0.110, 0.135, 0.050)),
        asphalt_contrast=0.20,
        ground_contrast=0.70,
        patches=0.12,
        cracks=2,
        joints_m=5.0,
        track=-0.16,
        verge_band_m=0.5,
        leaves=(0.045, 0.090, 0.028),
        leaves_alternate=(0.070, 0.110, 0.045),
        trunk=_BARK,
        conifer_share=0.20,
        bare=0.12,
        trees_per_km=55,
        bushes_per_km=50,
        buildings_per_km=20,
        facade=(0.42, 0.41, 0.40),
        paint_white=(0.78, 0.78, 0.76),
        paint_yellow=(0.68, 0.48, 0.06),
        wear=0.10,
        hills=1.2,
        hill_colour=(0.090, 0.105, 0.085),
    ),
    "moor": TexturePack(
        asphalt=(_grey(0.048), _grey(0.082)),
        shoulder=((0.070, 0.062, 0.048), (0.115, 0.100, 0.075)),
        verge=((0.075, 0.058, 0.040), (0.135, 0.105, 0.068)),
        grass=((0.090, 0.058, 0.048), (0.150, 0.125, 0.055)),
        asphalt_contrast=0.40,
        ground_contrast=0.95,
        patches=0.35,
        cracks=5,
        joints_m=0.0,
        track=0.10,
        verge_band_m=0.35,
        leaves=(0.055, 0.060, 0.025),
        leaves_alternate=(0.090, 0.080, 0.030),
        trunk=(0.12, 0.11, 0.095),
        conifer_share=0.30,
        bare=0.45,
        trees_per_km=22,
        bushes_per_km=160,
        buildings_per_km=3,
        facade=(0.36, 0.34, 0.31),
        paint_white=(0.60, 0.60, 0.57),
        paint_yellow=(0.55, 0.38, 0.06),
        wear=0.30,
        hills=3.6,
        hill_colour=(0.100, 0.078, 0.070),
    ),
}

DEFAULT_PACK = "summer"


def find_pack(name: str) -> TexturePack:
    """The pack of that name; "default" is summer.

    Raises:
        UnknownTexturePackError: no such pack.
    """
    if name in ("", "default"):
        return PACKS[DEFAULT_PACK]
    if name not in PACKS:
        raise UnknownTexturePackError(f"unknown texture pack {name!r}; known: default, {', '.join(PACKS)}")
    return PACKS[name]
