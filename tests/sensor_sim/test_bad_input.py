"""Whatever is handed in: it works, or the error names the field, the value and what is allowed. Never another error."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS
from sensor_sim.effects.definition import NumberParameter
from sensor_sim.errors import SensorFrameError, SensorSpecError
from sensor_sim.frame_context import FrameContext
from sensor_sim.presets import load_preset
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.table import severity_parameters
from tests.sensor_sim.frames import chain, context, effect, smooth_frame

NAMES = sorted(EFFECTS)
PARAMETERS = [(name, parameter) for name in NAMES for parameter in EFFECTS[name].parameters]
FRAME = smooth_frame(48, 27)

SCALARS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
    st.sampled_from([10**400, -(10**400), True, False, None, 1 + 2j, Fraction(1, 3), np.float32(2.5), np.int64(3)]),
    st.text(max_size=8),
    st.binary(max_size=4),
)
ANYTHING = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.text(max_size=4), SCALARS, max_size=2),
    st.sampled_from([np.zeros(3), np.array("display"), object(), float]),
)
FUZZ = settings(max_examples=12, deadline=None, derandomize=True)


def good(name: str) -> dict[str, Any]:
    """Parameters that the effect takes."""
    axis = EFFECTS[name].axis
    return {axis.parameter: axis.steps[2] if axis.steps else axis.value_at(0.5)}


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS, ids=lambda value: getattr(value, "name", value))
def test_a_parameter_is_taken_as_it_is_or_refused_with_its_name_and_range(name: str, parameter: Any) -> None:
    @FUZZ
    @given(ANYTHING)
    def fuzz(value: Any) -> None:
        try:
            schedule = SensorSchedule.from_spec([effect(name, **{**good(name), parameter.name: value})])
        except SensorSpecError as error:
            said = str(error)
            assert f"effect '{name}', parameter '{parameter.name}'" in said and parameter.allowed in said
            assert len(said) < 400
        else:
            taken = schedule.effects[0].parameters[parameter.name]
            assert taken == (float(value) if isinstance(parameter, NumberParameter) else value)
            if isinstance(parameter, NumberParameter):
                assert type(taken) is float and parameter.low <= taken <= parameter.high

    fuzz()


@pytest.mark.parametrize("name", NAMES)
def test_every_value_in_range_gives_a_picture_or_is_refused_for_this_camera_with_its_range(name: str) -> None:
    numbers = {p.name: st.floats(p.low, p.high) for p in EFFECTS[name].parameters if isinstance(p, NumberParameter)}

    @FUZZ
    @given(st.fixed_dictionaries(numbers))
    def fuzz(parameters: dict[str, float]) -> None:
        try:
            made = chain([effect(name, **parameters)], FRAME)
        except SensorSpecError as error:
            assert "is not allowed for a 48×27 camera" in str(error) and "give a number from" in str(error)
            return
        for tick in range(2):
            out = made.apply(FRAME, FrameContext(tick, 0.05, 14.0, -10.0))
            assert out.dtype == np.uint8 and out.shape == FRAME.shape

    fuzz()


@given(st.one_of(st.text(max_size=12), ANYTHING, st.sampled_from([".x:Y", "a..b:C", ":", "os:path", "math:\0"])))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_name_that_is_no_effect_is_refused(name: Any) -> None:
    try:
        known = name in EFFECTS
    except TypeError:
        known = False
    if not known:
        with pytest.raises(SensorSpecError, match=r"^effects\[0\]: (unknown )?effect "):
            SensorSchedule.from_spec([effect(name)])


@pytest.mark.parametrize("field", ["onset_s", "ramp_s", "duration_s"])
def test_a_time_is_taken_or_refused_with_its_field(field: str) -> None:
    @FUZZ
    @given(ANYTHING)
    def fuzz(value: Any) -> None:
        try:
            SensorSchedule.from_spec([{**effect("noise", sigma_dn=3.0), field: value}])
        except SensorSpecError as error:
            assert f"effect 'noise', field '{field}'" in str(error) and "give a finite number" in str(error)
        else:
            assert value is None or 0.0 <= float(value) < math.inf

    fuzz()


@given(ANYTHING)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_schedule_that_is_no_list_of_entries_is_refused(entries: Any) -> None:
    try:
        made = SensorSchedule.from_spec(entries)
    except SensorSpecError as error:
        assert "list of effects" in str(error) or "mapping with the key 'effect'" in str(error)
    else:
        assert made.effects == ()


CAMERA: dict[str, Any] = {"width": 48, "height": 27, "fov_deg": 90.0, "tick_s": 0.05}


@pytest.mark.parametrize("field", [*CAMERA, "mount_height_m", "pitch_deg"])
def test_a_camera_is_made_or_refused_with_the_field_and_its_range(field: str) -> None:
    values = st.one_of(st.text(max_size=3), st.floats(), st.integers(-5, 1), st.sampled_from([None, True, 10**400]))

    @FUZZ
    @given(values)
    def fuzz(value: Any) -> None:
        try:
            SensorChain(SensorSchedule(), **{**CAMERA, field: value})
        except SensorSpecError as error:
            assert f"'{field}" in str(error) and " from " in str(error) and " to " in str(error)

    fuzz()


@given(ANYTHING)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_seed_is_a_whole_number_of_64_bits(seed: Any) -> None:
    made = SensorChain(SensorSchedule(), **CAMERA)
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and 0 <= seed < 1 << 64
    if whole:
        made.reset(seed)
    else:
        with pytest.raises(SensorSpecError, match=r"seed: .* give a whole number from 0 to 18446744073709551615"):
            made.reset(seed)


DTYPES = st.sampled_from([np.uint8, np.int8, np.uint16, np.float32, np.float64, np.bool_, object])
SHAPES = st.lists(st.sampled_from([0, 1, 3, 4, 27, 48]), max_size=4).map(tuple)


@given(st.one_of(st.builds(np.zeros, SHAPES, DTYPES), ANYTHING))
@settings(max_examples=120, deadline=None, derandomize=True)
def test_a_frame_of_another_kind_is_refused_with_what_was_found_and_what_is_wanted(frame: Any) -> None:
    made = chain([effect("noise", sigma_dn=3.0)], FRAME)
    if isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.shape == FRAME.shape:
        made.apply(frame, context(0))
    else:
        with pytest.raises(SensorFrameError, match=r"^frame is .*; this chain takes uint8 RGB \(27, 48, 3\)$"):
            made.apply(frame, context(0))


@pytest.mark.parametrize("tick", [-1, 0.5, math.nan, None, "3"])
def test_a_tick_counts_from_zero(tick: Any) -> None:
    with pytest.raises(SensorFrameError, match=r"field 'tick': .* whole number >= 0"):
        chain([effect("noise", sigma_dn=3.0)], FRAME).apply(FRAME, context(tick))


@pytest.mark.parametrize("field", ["speed_mps", "yaw_rate_dps"])
@pytest.mark.parametrize("name", ["motion_blur", "rolling_shutter"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_motion_that_is_no_number_is_named_where_it_matters(name: str, field: str, value: float) -> None:
    moving = FrameContext(0, 0.05, **({"speed_mps": 10.0, "yaw_rate_dps": 1.0} | {field: value}))
    with pytest.raises(SensorFrameError, match=f"context, field '{field}': (nan|inf) is not allowed"):
        chain([effect(name, **good(name))], FRAME).apply(FRAME, moving)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_preset("rainy", -640, 90.0), "'width_px': -640 .* from 1 to"),
        (lambda: load_preset("rainy", 640, math.nan), "'fov_deg': nan .* from 1 to 179"),
        (lambda: load_preset(7, 640, 90.0), "preset 7 is no text"),  # type: ignore[arg-type]
        (lambda: severity_parameters("blur", 2, 0, 90.0), "'width_px': 0 .* from 1 to"),
        (lambda: severity_parameters("blur", np.zeros(2), 640, 90.0), "'severity': array.* from 1 to 5"),
        (lambda: SensorChain([], **CAMERA), "schedule is list; give a SensorSchedule"),  # type: ignore[arg-type]
    ],
)
def test_cameras_and_names_are_checked_wherever_they_come_in(call: Any, message: str) -> None:
    with pytest.raises(SensorSpecError, match=message):
        call()
