"""What an effect may know about the car at one tick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FrameContext:
    """Time and motion of the camera when a frame was taken.

    Attributes:
        tick: index of the frame in its episode, 0-based; decides noise and severity.
        dt_s: time since the previous frame, s.
        speed_mps: forward speed of the car, m/s.
        yaw_rate_dps: yaw rate, degrees per second, left (counter-clockwise) positive.
    """

    tick: int
    dt_s: float
    speed_mps: float
    yaw_rate_dps: float
