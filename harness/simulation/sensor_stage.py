"""The sensor chain of one episode, as the loop uses it."""

from __future__ import annotations

import math
from collections.abc import Callable

from agents.protocol import DrivingState, Frame
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.identity import seed_for
from sensor_sim.chain import SensorChain
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule

# Distance of an effect's current parameter from "no effect", as a share of a value that nobody would still drive with.
# Effects that act in two directions have a severity for each.
BLUR_FULL_SHARE_OF_WIDTH = 0.10
NOISE_FULL_DN = 100.0
GAMMA_FULL_LOG2 = 3.0
GAIN_FULL_STOPS = 6.0
CHROMATIC_FULL_K1 = 0.1
SATURATION_FULL_PERCENT = 20.0


def severities(effect: str, parameters: dict[str, float], level: float, width_px: int) -> dict[str, float]:
    """Absolute severity 0..1 of one effect at ramp level ``level``: comparable between conditions, unlike the level.

    Returns:
        {"<effect>" or "<effect>_up"/"<effect>_down": severity}.
    """
    signed: dict[str, Callable[[], float]] = {
        "gamma": lambda: math.log2(1.0 + level * (parameters["gamma"] - 1.0)) / GAMMA_FULL_LOG2,
        "gain": lambda: level * math.log2(parameters["factor"]) / GAIN_FULL_STOPS,
    }
    unsigned: dict[str, Callable[[], float]] = {
        "blur": lambda: level * (parameters["width_px"] - 1.0) / (BLUR_FULL_SHARE_OF_WIDTH * width_px),
        "noise": lambda: level * parameters["sigma_dn"] / NOISE_FULL_DN,
        "chromatic_aberration": lambda: level * abs(parameters["k1"]) / CHROMATIC_FULL_K1,
        "exposure": lambda: level * parameters["saturation_percent"] / SATURATION_FULL_PERCENT,
    }
    if effect in signed:
        value = signed[effect]()
        return {f"{effect}_up" if value > 0 else f"{effect}_down": min(abs(value), 1.0)}
    return {effect: min(unsigned[effect](), 1.0) if effect in unsigned else level}


class SensorStage:
    """Degrades raw frames by the episode's schedule; noise depends on (pair, tick) alone."""

    def __init__(self, spec: EpisodeSpec) -> None:
        camera = spec.camera
        schedule = SensorSchedule.from_spec(spec.sensor)
        self._schedule = schedule
        self._width_px = camera.width_px
        self._tick_s = spec.tick_s
        self._chain = SensorChain(schedule, camera.width_px, camera.height_px, camera.fov_deg, spec.tick_s)
        self._chain.reset(seed_for(spec.pair_id, "sensor"))

    def apply(self, raw_frame: Frame, state: DrivingState) -> Frame:
        """Degraded frame, uint8 RGB (H, W, 3); the raw frame itself while nothing acts."""
        return self._chain.apply(raw_frame, FrameContext(state.tick, self._tick_s, state.speed_mps, state.yaw_rate_dps))

    def level(self, tick: int) -> float:
        """Largest ramp level 0..1 of any scheduled effect at this tick; 0 = nothing acts."""
        return max(self._chain.levels(tick).values(), default=0.0)

    def severities(self, tick: int) -> dict[str, float]:
        """Absolute severity 0..1 of every effect that acts at this tick."""
        levels = self._chain.levels(tick)
        result: dict[str, float] = {}
        for effect in self._schedule.effects:
            if levels[effect.effect] > 0.0:
                numbers = {k: v for k, v in effect.parameters.items() if isinstance(v, int | float)}
                result |= severities(effect.effect, numbers, levels[effect.effect], self._width_px)
        return result
