"""An agent of one's own: steers back to the middle between the lane markings it sees. No network, no map.

Use it in a scenario: ``agent: examples.centre_keeper:CentreKeeper``.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agents.protocol import AgentOutput, EpisodeContext, Observation

LOOK_AT = 0.62
"""Height of the row of the picture that it looks at, from the top, as a share."""
BAND_ROWS = 9
SWA_PER_SHARE_DEG = 220.0
"""Steering wheel angle per half picture width between the lane's middle and the car's."""


class CentreKeeper:
    """Finds the nearest bright edges left and right of the picture's middle and steers to their middle."""

    name = "centre_keeper"
    privileged = False
    weights_sha256 = None

    def reset(self, context: EpisodeContext) -> None:
        """Start an episode with the wheel straight."""
        self._swa_deg = 0.0

    def act(self, observation: Observation) -> AgentOutput:
        """One tick: uint8 RGB frame in, steering wheel angle out (degrees, left positive)."""
        profile = _brightness_steps(observation.frame)
        middle = len(profile) // 2
        left, right = _nearest_step(profile[:middle][::-1]), _nearest_step(profile[middle:])
        if left is not None and right is not None:
            target = SWA_PER_SHARE_DEG * (left - right) / len(profile)
            self._swa_deg += 0.3 * (target - self._swa_deg)  # a little inertia against flicker
        return AgentOutput(swa_deg=self._swa_deg)


def _brightness_steps(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """How much each column of the band stands out of its surroundings, grey levels, (W,)."""
    first = int(LOOK_AT * frame.shape[0])
    grey = cv2.cvtColor(frame[first : first + BAND_ROWS], cv2.COLOR_RGB2GRAY).mean(axis=0)
    return np.asarray(grey - cv2.blur(grey[None], (41, 1))[0], np.float64)


def _nearest_step(profile: npt.NDArray[np.float64]) -> int | None:
    bright = np.flatnonzero(profile > 12.0)
    return int(bright[0]) if len(bright) else None
