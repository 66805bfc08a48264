"""Bytes belong to (schedule, seed, tick, frame) whatever else runs: any process, thread count, order, history."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.frame_context import FrameContext
from sensor_sim.presets import load_preset, preset_names
from tests.sensor_sim.frames import chain, effect, smooth_frame

NAMES = sorted(EFFECTS)
STATELESS = [name for name in NAMES if not EFFECTS[name].stateful]
FRAMES = [smooth_frame(64, 36, seed=seed) for seed in range(6)]
SEEDS = st.integers(0, (1 << 64) - 1)


def entry(name: str, strength: float) -> dict[str, Any]:
    """The effect between its weakest (0) and half its strongest (1) value."""
    return effect(name, **{EFFECTS[name].axis.parameter: EFFECTS[name].axis.value_at(0.05 + 0.45 * strength)})


def entries_of(names: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """One to four different effects at some strength, with some onset and ramp."""
    one = st.builds(
        lambda name, strength, onset, ramp: {**entry(name, strength), "onset_s": 0.05 * onset, "ramp_s": 0.05 * ramp},
        st.sampled_from(names),
        st.floats(0.0, 1.0),
        st.integers(0, 3),
        st.integers(0, 4),
    )
    return st.lists(one, min_size=1, max_size=4, unique_by=lambda made: made["effect"])


def shown(made: SensorChain, ticks: list[int]) -> dict[int, bytes]:
    """Bytes of each tick; every tick has its own frame and motion."""
    return {
        tick: made.apply(FRAMES[tick % len(FRAMES)], FrameContext(tick, 0.05, 5.0 + tick, 20.0 - 7.0 * tick)).tobytes()
        for tick in ticks
    }


@given(entries_of(STATELESS), SEEDS, st.permutations(range(6)))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_stateless_effects_take_any_order_of_ticks(schedule: list[dict], seed: int, order: list[int]) -> None:
    in_order = shown(chain(schedule, FRAMES[0], seed=seed), list(range(6)))
    assert shown(chain(schedule, FRAMES[0], seed=seed), order) == in_order


@given(entries_of(NAMES), SEEDS, SEEDS, st.integers(1, 5))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_reset_forgets_everything(schedule: list[dict], seed: int, other: int, history: int) -> None:
    fresh = shown(chain(schedule, FRAMES[0], seed=seed), list(range(5)))
    used = chain(schedule, FRAMES[0], seed=other)
    shown(used, list(range(history)))
    used.reset(seed)
    assert shown(used, list(range(5))) == fresh


@given(entries_of(NAMES), entries_of(NAMES), SEEDS, SEEDS)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_two_cameras_in_turns_do_not_disturb_each_other(
    first: list[dict], second: list[dict], seed: int, other: int
) -> None:
    alone = shown(chain(first, FRAMES[0], seed=seed), list(range(4)))
    one, two = chain(first, FRAMES[0], seed=seed), chain(second, FRAMES[0], seed=other)
    in_turns = {}
    for tick in range(4):
        in_turns |= shown(one, [tick])
        shown(two, [tick])
    assert in_turns == alone


@given(entries_of(NAMES), SEEDS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_picture_once_given_never_changes_and_the_frame_neither(schedule: list[dict], seed: int) -> None:
    made = chain(schedule, FRAMES[0], seed=seed)
    before = [frame.copy() for frame in FRAMES]
    given_out, copies = [], []
    for tick, frame in enumerate(FRAMES):
        given_out.append(made.apply(frame, FrameContext(tick, 0.05, 12.0, 8.0)))
        copies.append(given_out[-1].copy())
    assert all(np.array_equal(*pair) for pair in zip(given_out, copies, strict=True))
    assert all(np.array_equal(*pair) for pair in zip(FRAMES, before, strict=True))


def digests(cv2_threads: int) -> dict[str, str]:
    """A hash over six ticks of every effect, and of every preset on a larger frame."""
    cv2.setNumThreads(cv2_threads)
    found = {}
    for name in NAMES:
        pictures = shown(chain([entry(name, 0.6)], FRAMES[0], seed=17), list(range(6)))
        found[name] = hashlib.sha256(b"".join(pictures.values())).hexdigest()
    frame = smooth_frame(320, 180)
    for name in preset_names():
        made = SensorChain(load_preset(name, 320, 90.0), 320, 180, 90.0, 0.05)
        made.reset(17)
        found[f"preset {name}"] = hashlib.sha256(made.apply(frame, FrameContext(0, 0.05, 12.0, 8.0))).hexdigest()
    return found


def test_another_process_with_other_threads_gives_the_same_bytes_of_every_effect_and_preset() -> None:
    program = f"import json; from {__name__} import digests; print(json.dumps(digests(1)))"
    environment = {**os.environ, "OMP_NUM_THREADS": "4", "PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    threads = cv2.getNumThreads()
    try:
        assert digests(4) == json.loads(other.stdout)
    finally:
        cv2.setNumThreads(threads)
