"""The gymnasium environment: gymnasium's own checker, and what steering is worth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_for_learning

from harness.simulation.gym_env import DEPARTURE_REWARD, ENVIRONMENT_ID, LaneKeepingEnv
from harness.simulation.processes import tree

SCENARIO = """
campaign: small
camera: {width_px: 64, height_px: 36}
duration_s: 6
ego: {v_max_mps: 12}
roads: [{kind: curves, name: straight, segments: [{straight_m: 200}]}]
conditions: [{name: ideal}, {name: noise, effects: [{effect: noise, sigma_dn: 20}]}]
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The campaign file."""
    path = tmp_path_factory.mktemp("scenario") / "small.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def env(scenario: Path) -> Iterator[LaneKeepingEnv]:
    """One environment with its own embedded server."""
    made = gymnasium.make(ENVIRONMENT_ID, scenario=scenario, render_mode="rgb_array", disable_env_checker=True)
    assert isinstance(made.unwrapped, LaneKeepingEnv)
    yield made.unwrapped
    made.close()


def test_gymnasiums_checker_has_nothing_to_say(env: LaneKeepingEnv) -> None:
    check_env(env, skip_render_check=True)


def test_stable_baselines_has_nothing_to_say(env: LaneKeepingEnv, recwarn: pytest.WarningsRecorder) -> None:
    check_env_for_learning(env, skip_render_check=False)
    assert [str(warning.message) for warning in recwarn] == []


def test_straight_on_is_worth_about_one_a_tick_and_full_lock_departs(env: LaneKeepingEnv) -> None:
    pair = next(pair for pair, spec in env.pairs.items() if spec.condition == "ideal")
    env.reset(options={"pair": pair})
    rewards = [float(env.step(np.zeros(1, np.float32))[1]) for _ in range(20)]
    assert min(rewards[5:]) > 0.9 and max(rewards) < 1.05
    env.reset(options={"pair": pair})
    for _ in range(120):
        _, reward, terminated, truncated, info = env.step(np.ones(1, np.float32))
        if terminated or truncated:
            break
    assert terminated and info["departed"] and reward == DEPARTURE_REWARD and info["lateral_offset_m"] > 0.5


def test_the_same_seed_and_steering_give_the_same_pictures(env: LaneKeepingEnv) -> None:
    def pictures() -> list[np.ndarray]:
        first, _ = env.reset(seed=7)
        return [first, *(env.step(np.full(1, 0.1, np.float32))[0] for _ in range(5))]

    once, again = pictures(), pictures()
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    shown = env.render()
    assert shown is not None and (shown == again[-1]).all()


def test_a_vector_of_environments_drives_servers_of_its_own_and_ends_them(scenario: Path) -> None:
    def servers() -> set[int]:
        command_lines = {
            process.pid: Path(f"/proc/{process.pid}/cmdline").read_bytes()
            for process in tree(os.getpid())
            if not process.zombie
        }
        return {pid for pid, command_line in command_lines.items() if b"embedded_carla\0-carla-rpc" in command_line}

    before = servers()
    vector = gymnasium.make_vec(ENVIRONMENT_ID, 2, "async", {"context": "spawn"}, scenario=scenario)
    try:
        frames, _ = vector.reset(seed=3)
        assert frames.shape == (2, 36, 64, 3)
        frames, rewards, terminated, _, _ = vector.step(np.zeros((2, 1), np.float32))
        assert len(servers() - before) == 2
        assert (rewards > 0.5).all() and not terminated.any()
    finally:
        vector.close()
    assert servers() == before
