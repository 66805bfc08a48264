"""What holds for every registered effect: determinism, neutral values, guarded parameters, any picture size."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.effects.definition import NumberParameter
from sensor_sim.errors import SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import SensorSchedule
from tests.sensor_sim.frames import chain, degrade, effect, smooth_frame

NAMES = sorted(EFFECTS)
STATEFUL = {"exposure_lag", "half_updated", "dropped_frames", "frozen_frame", "latency"}
FRAMES = [smooth_frame(96, 54, seed=seed) for seed in range(8)]


def strong(name: str) -> dict:
    """The effect at a strength that shows."""
    axis = EFFECTS[name].axis
    return effect(name, **{axis.parameter: axis.steps[2] if axis.steps else axis.value_at(0.6)})


def context(tick: int) -> FrameContext:
    """A car in a left bend."""
    return FrameContext(tick, 0.05, 14.0, 12.0)


def run(made: SensorChain, ticks: list[int]) -> dict[int, bytes]:
    """Bytes of each tick's picture; every tick has its own frame."""
    return {tick: made.apply(FRAMES[tick % len(FRAMES)], context(tick)).tobytes() for tick in ticks}


def test_the_stateful_effects_are_known() -> None:
    assert {name for name in NAMES if EFFECTS[name].stateful} == STATEFUL


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_sequence_same_bytes_after_reset_and_in_threads(name: str) -> None:
    made = chain([strong(name)], FRAMES[0], seed=5)
    first = run(made, list(range(10)))
    made.reset(5)
    assert run(made, list(range(10))) == first
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(3)
        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(run, chain([strong(name)], FRAMES[0], seed=5), list(range(10))) for _ in range(3)]
            assert all(job.result() == first for job in jobs)
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize("name", sorted(set(NAMES) - STATEFUL))
def test_a_stateless_effect_takes_ticks_in_any_order(name: str) -> None:
    forward, backward = (chain([strong(name)], FRAMES[0], seed=9) for _ in range(2))
    assert run(forward, list(range(6))) == run(backward, list(reversed(range(6))))


@pytest.mark.parametrize("name", NAMES)
def test_a_neutral_value_changes_nothing(name: str) -> None:
    axis = EFFECTS[name].axis
    neutral = EFFECTS[name].number(axis.parameter).neutral
    if neutral is None or name == "exposure_lag":
        pytest.skip("no value of this effect's parameter means 'off'")
    made = chain([effect(name, **{axis.parameter: neutral})], FRAMES[0])
    for tick, frame in enumerate(FRAMES[:4]):
        assert np.array_equal(made.apply(frame, context(tick)), frame)


@pytest.mark.parametrize("name", NAMES)
def test_before_its_onset_the_frame_passes_untouched_and_afterwards_it_does_not(name: str) -> None:
    made = chain([{**strong(name), "onset_s": 0.2}], FRAMES[0])
    shown = [made.apply(FRAMES[tick], context(tick)) for tick in range(8)]
    assert all(np.array_equal(shown[tick], FRAMES[tick]) for tick in range(4))
    assert any(not np.array_equal(shown[tick], FRAMES[tick]) for tick in range(4, 8))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(2, 2), (61, 37), (640, 8)])
def test_any_size_works_and_the_input_stays(name: str, size: tuple[int, int]) -> None:
    frame = np.ascontiguousarray(cv2.resize(FRAMES[0], size))
    before = frame.copy()
    camera = {"fov_deg": 40.0}
    axis = EFFECTS[name].axis
    entry = effect(name, **{axis.parameter: axis.steps[2] if axis.steps else axis.value_at(0.1)})
    out = degrade([entry], frame, **camera)
    assert out.shape == frame.shape and out.dtype == np.uint8
    assert np.array_equal(frame, before)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_range_and_the_error_names_it(name: str) -> None:
    definition = EFFECTS[name]
    good = strong(name)["parameters"]
    for parameter in definition.parameters:
        if not isinstance(parameter, NumberParameter):
            continue
        for wrong in (math.nan, math.inf, -math.inf, parameter.low - 1.0, parameter.high + 1.0, "much"):
            with pytest.raises(SensorSpecError, match=rf"'{name}', parameter '{parameter.name}'.* from .* to "):
                SensorSchedule.from_spec([effect(name, **{**good, parameter.name: wrong})])


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_says_everything_a_reader_needs(name: str) -> None:
    definition = EFFECTS[name]
    assert definition.summary.endswith((".", "scheduled.")) and definition.formula and definition.source
    axis = definition.axis
    parameter = definition.number(axis.parameter)
    assert parameter.low <= min(axis.weakest, axis.strongest) and max(axis.weakest, axis.strongest) <= parameter.high
    assert (axis.steps is None) == (axis.reason == "")
    if parameter.neutral is not None:
        assert parameter.low <= parameter.neutral <= parameter.high


def test_another_effect_does_not_change_an_effects_draws() -> None:
    alone = degrade([strong("impulse_noise")], FRAMES[0])
    both = degrade([strong("impulse_noise"), effect("dead_pixels", share=0.0)], FRAMES[0])
    assert np.array_equal(alone, both)


def test_all_effects_together_run_in_the_documented_order_whatever_the_order_written() -> None:
    weak = {
        name: effect(name, **{d.axis.parameter: d.axis.steps[0] if d.axis.steps else d.axis.value_at(0.02)})
        for name, d in EFFECTS.items()
    }
    forward = chain(list(weak.values()), FRAMES[0])
    backward = chain(list(reversed(weak.values())), FRAMES[0])
    assert run(forward, [0, 1, 2]) == run(backward, [0, 1, 2])
