"""The sensor chain of one episode, as the loop uses it."""

from __future__ import annotations

from agents.protocol import DrivingState, Frame
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.identity import seed_for
from sensor_sim.chain import SensorChain
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.scale import absolute_severities


class SensorStage:
    """Degrades raw frames by the episode's schedule; what is random depends on (pair, tick) alone.

    Frames must come tick by tick: some effects remember earlier ones.
    """

    def __init__(self, spec: EpisodeSpec) -> None:
        camera = spec.camera
        schedule = SensorSchedule.from_spec(spec.sensor)
        self._schedule = schedule
        self._width_px = camera.width_px
        self._tick_s = spec.tick_s
        self._chain = SensorChain(
            schedule,
            camera.width_px,
            camera.height_px,
            camera.fov_deg,
            spec.tick_s,
            mount_height_m=camera.z_m,
            pitch_deg=camera.pitch_deg,
        )
        self._chain.reset(seed_for(spec.pair_id, "sensor"))

    def apply(self, raw_frame: Frame, state: DrivingState) -> Frame:
        """Degraded frame, uint8 RGB (H, W, 3), not to be modified; the raw frame itself while nothing acts."""
        return self._chain.apply(raw_frame, FrameContext(state.tick, self._tick_s, state.speed_mps, state.yaw_rate_dps))

    def level(self, tick: int) -> float:
        """Largest ramp level 0..1 of any scheduled effect at this tick; 0 = nothing acts."""
        return max(self._chain.levels(tick).values(), default=0.0)

    def severities(self, tick: int) -> dict[str, float]:
        """Absolute severity 0..1 of every effect that acts at this tick."""
        return absolute_severities(self._schedule, tick * self._tick_s, self._width_px)
