"""Levels over time, and messages a person can act on."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from sensor_sim.errors import SensorSpecError
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from tests.sensor_sim.frames import effect


def test_level_is_zero_then_rises_then_stays_then_ends() -> None:
    schedule = EffectSchedule("noise", {"sigma_dn": 5.0}, onset_s=2.0, ramp_s=1.0, duration_s=4.0)
    times = (0.0, 1.99, 2.0, 2.5, 3.0, 5.9, 6.0, 100.0)
    assert [schedule.level_at(t) for t in times] == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 0.0, 0.0]


def test_without_ramp_the_onset_tick_has_full_strength_despite_binary_fractions() -> None:
    for tick in range(200):
        schedule = EffectSchedule("noise", {"sigma_dn": 5.0}, onset_s=round(tick * 0.05, 2), duration_s=0.05)
        assert [schedule.level_at(t * 0.05) for t in (tick - 1, tick, tick + 1)] == [0.0, 1.0, 0.0]


def test_a_spec_survives_the_round_trip_and_pickling() -> None:
    entries = [
        effect("blur", width_px=3),
        {**effect("gamma", gamma=0.8, curve="book"), "onset_s": 4, "ramp_s": 2.0, "duration_s": 9.0},
    ]
    schedule = SensorSchedule.from_spec(entries)
    assert SensorSchedule.from_spec(schedule.to_spec()) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert schedule.to_spec()[1]["parameters"] == {"gamma": 0.8, "curve": "book", "quantise": "late"}
    assert schedule.levels_at(5.0) == {"blur": 1.0, "gamma": 0.5}


def test_all_effects_of_a_preset_can_set_in_later() -> None:
    schedule = SensorSchedule.from_spec([effect("blur", width_px=3), effect("noise", sigma_dn=2)])
    delayed = schedule.with_timing(onset_s=10.0, ramp_s=2.0)
    assert delayed.levels_at(11.0) == {"blur": 0.5, "noise": 0.5}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (effect("blurr", width_px=3), r"effects\[0\]: unknown effect 'blurr' \(did you mean 'blur'\?\)"),
        (effect("blur", width=3), r"effect 'blur' has no parameter 'width'.*did you mean 'width_px'"),
        (effect("blur"), r"effect 'blur': parameter 'width_px' is missing"),
        (effect("blur", width_px=0.5), r"effect 'blur', parameter 'width_px': 0\.5 .* from 1 to 1024 \(pixels"),
        (effect("noise", sigma_dn=-1), r"parameter 'sigma_dn': -1 .* from 0 to 100 \(grey levels\)"),
        (effect("noise", sigma_dn=float("nan")), r"'sigma_dn': nan is not allowed"),
        (effect("noise", sigma_dn="strong"), r"'sigma_dn': 'strong' is not allowed"),
        (effect("noise", sigma_dn=True), r"'sigma_dn': True is not allowed"),
        (effect("gamma", gamma=0.8, curve="bok"), r"'bok' .* display, book \(did you mean 'book'\?\)"),
        ({**effect("gain", factor=2), "onset": 3}, r"unknown field 'onset' \(did you mean 'onset_s'\?\)"),
        ({**effect("gain", factor=2), "onset_s": -1}, r"effect 'gain', field 'onset_s': -1 .* >= 0 \(s\)"),
        ({**effect("gain", factor=2), "duration_s": 0}, r"field 'duration_s': 0 .* > 0 \(s\)"),
        ({**effect("gain", factor=2), "ramp_s": 5, "duration_s": 2}, r"'ramp_s': 5 .* duration_s = 2"),
        ({"parameters": {}}, r"is not a mapping with the key 'effect'"),
    ],
)
def test_a_wrong_entry_names_effect_field_value_and_range(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(SensorSpecError, match=message):
        SensorSchedule.from_spec([entry])


def test_an_effect_scheduled_twice_is_refused() -> None:
    with pytest.raises(SensorSpecError, match="effect 'noise' is scheduled twice"):
        SensorSchedule.from_spec([effect("noise", sigma_dn=1), effect("noise", sigma_dn=2)])
