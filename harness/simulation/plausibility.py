"""Is what the simulator shows still a simulation of driving? Checks on the raw frame and the state."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from agents.protocol import Frame
from harness.simulation.errors import InvalidSimulationError
from harness.simulation.session import VehicleSnapshot

FROZEN_S = 0.5
MIN_MOVING_SPEED_MPS = 1.0
MAX_HEIGHT_ERROR_M = 3.0
MAX_SPEED_GAIN_MPS2 = 40.0
"""Four times what tyres can do. Braking has no such limit: a collision stops a car at once."""
MAX_TURN_DPS = 720.0
MIN_FRAME_STD = 0.5
SUBSAMPLE = 8


class PlausibilityMonitor:
    """Raises `InvalidSimulationError` on the first implausible tick of an episode.

    Looks at the **raw** frame, before the sensor chain: a black or frozen picture made by a sensor artifact is
    a test case, one made by the simulator is a broken test.
    """

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s
        self._previous: VehicleSnapshot | None = None
        self._previous_frame: Frame | None = None
        self._frozen_ticks = 0

    def check(self, snapshot: VehicleSnapshot, raw_frame: Frame) -> None:
        """Check one tick, before anything is computed from it.

        Args:
            snapshot: state of the car at this tick.
            raw_frame: uint8 RGB (H, W, 3) before the sensor chain.

        Raises:
            InvalidSimulationError: names what is implausible and the figures.
        """
        broken = [field.name for field in fields(snapshot) if not math.isfinite(getattr(snapshot, field.name))]
        if broken:
            raise InvalidSimulationError(f"the simulator reports no finite {', '.join(broken)} of the car")
        self._check_frame(snapshot, raw_frame)
        if self._previous is not None:
            self._check_motion(self._previous, snapshot)
        self._previous = snapshot

    def check_height(self, snapshot: VehicleSnapshot, route_z_m: float) -> None:
        """Check the car against the height of the road where it is, m.

        Raises:
            InvalidSimulationError: the car is more than 3 m above or below.
        """
        if abs(snapshot.z_m - route_z_m) > MAX_HEIGHT_ERROR_M:
            raise InvalidSimulationError(
                f"car is {snapshot.z_m - route_z_m:+.1f} m off the road's height: it fell through or was thrown"
            )

    def _check_frame(self, snapshot: VehicleSnapshot, raw_frame: Frame) -> None:
        sample = np.ascontiguousarray(raw_frame[::SUBSAMPLE, ::SUBSAMPLE])
        if float(sample.std()) < MIN_FRAME_STD:
            raise InvalidSimulationError(f"raw camera frame is uniform (std {sample.std():.2f} grey levels)")
        moving = snapshot.speed_mps > MIN_MOVING_SPEED_MPS
        same = self._previous_frame is not None and np.array_equal(sample, self._previous_frame)
        self._frozen_ticks = self._frozen_ticks + 1 if (same and moving) else 0
        self._previous_frame = sample
        if self._frozen_ticks * self._tick_s >= FROZEN_S:
            raise InvalidSimulationError(
                f"raw camera frame did not change for {FROZEN_S} s at {snapshot.speed_mps:.1f} m/s"
            )

    def _check_motion(self, before: VehicleSnapshot, now: VehicleSnapshot) -> None:
        elapsed_s = now.elapsed_s - before.elapsed_s
        if abs(elapsed_s - self._tick_s) > 1e-3 * self._tick_s + 1e-6:
            raise InvalidSimulationError(f"the clock moved {elapsed_s:.4f} s in a tick of {self._tick_s} s")
        gain_mps2 = (now.speed_mps - before.speed_mps) / self._tick_s
        if gain_mps2 > MAX_SPEED_GAIN_MPS2:
            raise InvalidSimulationError(f"car gained speed at {gain_mps2:.0f} m/s²: something threw it")
        turned_deg = abs(math.degrees(math.remainder(now.heading_rad - before.heading_rad, math.tau)))
        if turned_deg > MAX_TURN_DPS * self._tick_s:
            raise InvalidSimulationError(f"car turned by {turned_deg:.0f}° in one tick: a teleport")
        moved_m = math.dist((before.x_m, before.y_m), (now.x_m, now.y_m))
        expected_m = max(before.speed_mps, now.speed_mps) * self._tick_s
        if moved_m > 2.0 * expected_m + 0.5:
            raise InvalidSimulationError(
                f"car moved {moved_m:.2f} m in one tick, {expected_m:.2f} m expected: a teleport"
            )
