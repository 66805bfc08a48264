"""An effect of the user's own."""

from __future__ import annotations

import numpy as np
import pytest

from sensor_sim.effects.definition import EffectDefinition, NumberParameter, SeverityAxis, Stage
from sensor_sim.effects.effect import Light, LightEffect
from sensor_sim.errors import SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule
from tests.sensor_sim.frames import degrade, effect, smooth_frame


class Tint(LightEffect):
    """Takes red away."""

    definition = EffectDefinition(
        "tint",
        (NumberParameter("red_loss", "share", 0.0, 1.0, neutral=0.0),),
        Stage.OPTICS,
        summary="Takes red away.",
        formula="R' = (1 − red_loss)·R",
        source="this test",
        axis=SeverityAxis("red_loss", 0.0, 1.0),
    )

    def apply(self, light: Light, level: float, context: FrameContext) -> Light:
        """See ``LightEffect.apply``."""
        light[0] *= np.float32(1.0 - self.strength(level))
        return light


NAME = f"{__name__}:Tint"


def test_a_plug_in_acts_and_is_checked_like_any_effect() -> None:
    frame = smooth_frame()
    out = degrade([effect(NAME, red_loss=1.0)], frame)
    assert (out[:, :, 0] == 0).all() and np.array_equal(out[:, :, 1:], frame[:, :, 1:])
    with pytest.raises(SensorSpecError, match=r"parameter 'red_loss': 2 .* from 0 to 1"):
        SensorSchedule.from_spec([effect(NAME, red_loss=2)])


def test_a_plug_in_shares_the_chain_with_the_base_effects() -> None:
    frame = smooth_frame()
    out = degrade([effect(NAME, red_loss=1.0), effect("blur", width_px=4.0), effect("gain", factor=0.5)], frame)
    assert np.array_equal(
        out[:, :, 1:], degrade([effect("blur", width_px=4.0), effect("gain", factor=0.5)], frame)[:, :, 1:]
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_package:Fog", "cannot be loaded: No module named 'no_such_package'"),
        (f"{__name__}:Fog", "cannot be loaded"),
        ("sensor_sim.chain:SensorChain", "neither a LightEffect nor a PictureEffect"),
        ("nois", r"unknown effect 'nois' \(did you mean 'noise'\?\).*package.module:Class"),
    ],
)
def test_what_is_no_effect_is_named(name: str, message: str) -> None:
    with pytest.raises(SensorSpecError, match=message):
        SensorSchedule.from_spec([effect(name)])
