"""Learn to keep the lane with PPO for a minute, in the same loop in which campaigns are driven.

    python examples/train_ppo.py --seconds 60 --servers 2

Needs Stable-Baselines3 (``pip install -r requirements-dev.txt``). A minute shows how the parts fit together; a policy
that keeps the lane takes longer.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import SubprocVecEnv, VecTransposeImage

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.simulation.gym_env import LaneKeepingEnv

SCENARIO = Path(__file__).with_name("small_camera.yaml")
STEPS_PER_UPDATE = 256


class StopAfter(BaseCallback):
    """Ends learning after some seconds and prints how well the latest episodes went."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._started_s = time.monotonic()

    def _on_step(self) -> bool:
        return time.monotonic() - self._started_s < self._seconds

    def _on_rollout_end(self) -> None:
        rewards = [episode["r"] for episode in self.model.ep_info_buffer or ()]
        if rewards:
            print(f"{self.num_timesteps:6d} ticks, mean reward of the last {len(rewards)} runs: {np.mean(rewards):.1f}")


def monitored(scenario: Path, worker_index: int) -> gymnasium.Env:  # type: ignore[type-arg]
    """One environment with a server of its own, and its episodes' sums of rewards."""
    return Monitor(LaneKeepingEnv(scenario, worker_index=worker_index))


def train(scenario: Path, seconds: float, servers: int) -> PPO:
    """PPO on the frames of ``servers`` simulators."""
    makers: list[Callable[[], gymnasium.Env]] = [partial(monitored, scenario, index) for index in range(servers)]  # type: ignore[type-arg]
    environment = VecTransposeImage(SubprocVecEnv(makers, start_method="spawn"))
    try:
        model = PPO("CnnPolicy", environment, n_steps=STEPS_PER_UPDATE, batch_size=64, n_epochs=3, seed=0, device="cpu")
        return model.learn(10**9, callback=StopAfter(seconds))
    finally:
        environment.close()


def main() -> None:
    """Parse and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", type=Path, default=SCENARIO, help="campaign file (default: a small camera)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of learning (default 60)")
    parser.add_argument("--servers", type=int, default=2, help="simulators side by side (default 2)")
    parser.add_argument("--out", type=Path, default=None, help="save the policy here (zip)")
    options = parser.parse_args()
    model = train(options.scenario, options.seconds, options.servers)
    if options.out is not None:
        model.save(options.out)


if __name__ == "__main__":
    main()
