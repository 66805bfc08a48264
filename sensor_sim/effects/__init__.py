"""One effect of a camera per file: what it is, how severity scales it, and how it changes the picture.

Some effects are parts of the base chain (``BASE_EFFECTS``); the others are classes of their own.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from sensor_sim.effects import blur, chromatic_aberration, exposure, exposure_lag, gain, gamma, noise
from sensor_sim.effects.banding import Banding
from sensor_sim.effects.black_frame import BlackFrame
from sensor_sim.effects.bloom import Bloom
from sensor_sim.effects.dead_pixels import DeadPixels
from sensor_sim.effects.definition import EffectDefinition, suggestion
from sensor_sim.effects.defocus import Defocus
from sensor_sim.effects.dirt import Dirt
from sensor_sim.effects.dropped_frames import DroppedFrames
from sensor_sim.effects.effect import Effect, LightEffect, PictureEffect
from sensor_sim.effects.frosted_glass import FrostedGlass
from sensor_sim.effects.frozen_frame import FrozenFrame
from sensor_sim.effects.gaussian_blur import GaussianBlur
from sensor_sim.effects.half_updated import HalfUpdated
from sensor_sim.effects.impulse_noise import ImpulseNoise
from sensor_sim.effects.jpeg import Jpeg
from sensor_sim.effects.latency import Latency
from sensor_sim.effects.lens_distortion import LensDistortion
from sensor_sim.effects.motion_blur import MotionBlur
from sensor_sim.effects.rain_drops import RainDrops
from sensor_sim.effects.rms_noise import RmsNoise
from sensor_sim.effects.rolling_shutter import RollingShutter
from sensor_sim.effects.shake_blur import ShakeBlur
from sensor_sim.effects.shot_noise import ShotNoise
from sensor_sim.effects.sun_glare import SunGlare
from sensor_sim.effects.vignetting import Vignetting
from sensor_sim.effects.white_balance import WhiteBalance
from sensor_sim.effects.zoom_blur import ZoomBlur
from sensor_sim.errors import SensorSpecError

BEFORE_BASE: tuple[type[LightEffect], ...] = (
    RainDrops, Dirt, FrostedGlass, SunGlare, LensDistortion, Vignetting, Bloom,
    Defocus, GaussianBlur, ZoomBlur, MotionBlur, ShakeBlur,
)  # fmt: skip
"""On linear light before the base chain's blur and chromatic aberration."""

WITHIN_BASE: tuple[type[LightEffect], ...] = (RollingShutter, Banding, ShotNoise, DeadPixels, WhiteBalance)
"""On linear light between chromatic aberration and exposure."""

AFTER_BASE: tuple[type[PictureEffect], ...] = (
    ImpulseNoise, RmsNoise, Jpeg, HalfUpdated, BlackFrame, DroppedFrames, FrozenFrame, Latency,
)  # fmt: skip
"""On the finished picture."""

EFFECT_CLASSES: dict[str, type[Effect]] = {
    made.definition.name: made for made in (*BEFORE_BASE, *WITHIN_BASE, *AFTER_BASE)
}
"""Effects with a class of their own by name, in the order in which the chain applies them."""

EFFECTS: dict[str, EffectDefinition] = {
    definition.name: definition
    for definition in (
        *(made.definition for made in BEFORE_BASE),
        blur.DEFINITION,
        chromatic_aberration.DEFINITION,
        *(made.definition for made in WITHIN_BASE),
        gain.DEFINITION,
        exposure.DEFINITION,
        exposure_lag.DEFINITION,
        noise.DEFINITION,
        gamma.DEFINITION,
        *(made.definition for made in AFTER_BASE),
    )
}
"""Every shipped effect by name, in the order in which the chain applies them."""


BASE_EFFECTS: frozenset[str] = frozenset(EFFECTS) - frozenset(EFFECT_CLASSES)
"""Effects that are parts of the base chain."""


PLUG_IN_GROUP = "closed_loop_harness.effects"
"""Entry points by which installed packages announce effects of their own."""


def plug_in_targets() -> dict[str, str]:
    """Short name -> ``package.module:Class`` of the effects that installed packages announce."""
    return {point.name: point.value for point in entry_points(group=PLUG_IN_GROUP)}


def definition_of(name: str) -> EffectDefinition:
    """Definition of a shipped effect, of one that a package announces, or of ``package.module:Class``.

    Raises:
        SensorSpecError: there is no such effect.
    """
    if not isinstance(name, str):
        raise SensorSpecError(f"effect {name!r:.100} is no name; give a text, one of {', '.join(EFFECTS)}")
    return EFFECTS[name] if name in EFFECTS else effect_class(name).definition


def effect_class(name: str) -> type[Effect]:
    """Class of a shipped effect outside the base chain, of an announced one, or of ``package.module:Class``.

    Raises:
        SensorSpecError: there is no such class, or it is no effect.
    """
    if name in EFFECT_CLASSES:
        return EFFECT_CLASSES[name]
    announced = plug_in_targets()
    target = announced.get(name, name)
    if ":" not in target:
        known = [*EFFECTS, *announced]
        raise SensorSpecError(
            f"unknown effect {name!r:.100}{suggestion(name, known)}; known: {', '.join(known)}; "
            "an effect of your own is package.module:Class"
        )
    module_name, _, class_name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError, TypeError, SyntaxError) as error:
        raise SensorSpecError(f"effect {name!r} cannot be loaded: {error}") from error
    if not isinstance(found, type) or not issubclass(found, (LightEffect, PictureEffect)):
        raise SensorSpecError(f"effect {name!r}: {class_name} is neither a LightEffect nor a PictureEffect")
    return found
