"""A metric of one's own: how restless the steering is.

Use it in a scenario: ``metrics: [examples.smoothness_metric:SteeringRestlessness]``.
"""

from __future__ import annotations

import numpy as np

from harness.evaluation.episode_data import EpisodeData


class SteeringRestlessness:
    """Root mean square of the speed of the steering wheel command."""

    name = "steering_restlessness"
    unit = "degrees per second"
    version = 1

    def of_episode(self, episode: EpisodeData) -> float | None:
        """Degrees per second; None for a run of one tick, which has no speed."""
        command_deg = episode.column("swa_command_deg").astype(np.float64)
        if len(command_deg) < 2:
            return None
        return float(np.sqrt(np.mean((np.diff(command_deg) / episode.tick_s) ** 2)))
