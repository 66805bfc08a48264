"""Sensor conditions of a campaign to schedules: sweeps written out, presets read, random times drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.campaign.choices import NumberRange, Uniform
from harness.campaign.episode_spec import CameraSpec, ModeSpec
from harness.campaign.errors import ScenarioError
from harness.campaign.identity import seed_for
from harness.campaign.spec import ConditionEntry, EffectEntry
from sensor_sim.errors import SensorSpecError
from sensor_sim.presets import load_preset
from sensor_sim.schedule import SensorSchedule
from sensor_sim.severities.table import severity_parameters

SEVERITY = "severity"
TIMES = ("onset_s", "ramp_s", "duration_s")


@dataclass(frozen=True)
class Condition:
    """One sensor condition.

    Attributes:
        name: unique within the campaign.
        unresolved: entries as `SensorSchedule.from_spec` reads them, except that a time may be
            ``{"uniform": [low, high]}``, with ``"shared": True`` where all effects have the same draw.
        modes: those of the campaign that run under it, None = all.
    """

    name: str
    unresolved: tuple[dict[str, Any], ...]
    modes: tuple[ModeSpec, ...] | None = None

    def resolve(self, pair_id: str) -> tuple[dict[str, Any], ...]:
        """The schedule of one pair: random times drawn from its schedule seed, in the order written."""
        if not any(isinstance(entry[key], dict) for entry in self.unresolved for key in TIMES):
            return self.unresolved
        return _resolved(self.unresolved, np.random.Generator(np.random.PCG64(seed_for(pair_id, "schedule"))))


def expand_conditions(entries: Sequence[ConditionEntry], camera: CameraSpec) -> list[Condition]:
    """All conditions, sweeps written out as ``name_value``; every schedule checked by `sensor_sim`.

    Presets are transferred to ``camera``, severities resolved to parameters in physical units.

    Raises:
        ScenarioError: unknown preset, effect or parameter, a value out of range, an effect given twice.
    """
    conditions = []
    for entry in entries:
        base = _preset_entries(entry, camera)
        axes = [
            [(k, parameter, value) for value in _values(values)]
            for k, effect in enumerate(entry.effects)
            for parameter, values in effect.sweep.items()
        ]
        for choice in itertools.product(*axes):
            name = "_".join([entry.name, *(f"{value:g}" for _, _, value in choice)])
            swept = [
                _effect_entry(effect, entry, {p: value for j, p, value in choice if j == k}, camera)
                for k, effect in enumerate(entry.effects)
            ]
            conditions.append(Condition(name, _checked(name, [*base, *swept]), entry.modes))
    return conditions


def _values(values: tuple[float, ...] | NumberRange) -> tuple[float, ...]:
    return values.values if isinstance(values, NumberRange) else values


def _preset_entries(entry: ConditionEntry, camera: CameraSpec) -> list[dict[str, Any]]:
    if entry.preset is None:
        return []
    try:
        schedule = load_preset(entry.preset, camera.width_px, camera.fov_deg)
    except SensorSpecError as error:
        raise ScenarioError(f"condition {entry.name!r}: {error}") from None
    return [dict(effect) | _times(entry, None) for effect in schedule.to_spec()]


def _effect_entry(
    effect: EffectEntry, entry: ConditionEntry, swept: dict[str, float], camera: CameraSpec
) -> dict[str, Any]:
    parameters = dict(effect.parameters | swept)
    if SEVERITY in parameters:
        severity = parameters.pop(SEVERITY)
        if parameters:
            raise ScenarioError(
                f"condition {entry.name!r}: effect '{effect.effect}' has 'severity' and {', '.join(parameters)}; "
                "severity sets all parameters, give one of the two"
            )
        try:
            parameters = severity_parameters(effect.effect, severity, camera.width_px, camera.fov_deg)
        except SensorSpecError as error:
            raise ScenarioError(f"condition {entry.name!r}: {error}") from None
    return {"effect": effect.effect, "parameters": parameters} | _times(entry, effect)


def _times(entry: ConditionEntry, effect: EffectEntry | None) -> dict[str, Any]:
    """The effect's own times, else those of the condition."""
    times: dict[str, Any] = {}
    for key in TIMES:
        own = effect is not None and getattr(effect, key) is not None
        value = getattr(effect if own else entry, key)
        if isinstance(value, Uniform):
            value = {"uniform": list(value.uniform)} | ({} if own else {"shared": True})
        times[key] = value
    return times


def _resolved(entries: Sequence[dict[str, Any]], rng: np.random.Generator) -> tuple[dict[str, Any], ...]:
    shared: dict[str, float] = {}

    def drawn(key: str, value: dict[str, Any]) -> float:
        if value.get("shared") and key in shared:
            return shared[key]
        number = round(float(rng.uniform(*value["uniform"])), 3)
        if value.get("shared"):
            shared[key] = number
        return number

    return tuple(
        entry | {key: drawn(key, entry[key]) for key in TIMES if isinstance(entry[key], dict)} for entry in entries
    )


def _checked(name: str, entries: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The entries with parameters completed; any draw of the times must make a schedule."""
    try:
        for draw in (0, 1):
            plain = [
                entry | {key: entry[key]["uniform"][draw] for key in TIMES if isinstance(entry[key], dict)}
                for entry in entries
            ]
            schedule = SensorSchedule.from_spec(plain)
    except SensorSpecError as error:
        raise ScenarioError(f"condition {name!r}: {error}") from None
    return tuple(
        entry | {"parameters": dict(effect.parameters)} for entry, effect in zip(entries, schedule.effects, strict=True)
    )
