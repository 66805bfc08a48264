"""The validation parameter space of a scenario: which of its values are varied, over what, and how points are chosen.

    space:
      sampler: {kind: sobol, points: 64, seed: 0}
      parameters:
        - {id: radius, target: roads.0.segments.1.radius_m, type: float, min: 30, max: 300}
        - {id: sun, target: weather.0.sun_altitude_angle, type: float, min: 5, max: 90}
        - {id: blur, target: conditions.0.effects.0.width_px, type: int, min: 1, max: 40}
        - {id: pack, target: roads.0.texture_pack, type: choice, values: [coast, moor]}

A target is the path of a value in the scenario, as ``--set`` writes it: the first word says which layer it varies
(``roads``: the scene; ``conditions``: the sensor; everything else: parameters of the scene). The scenario is expanded
once per point, so a point holds all of its roads, conditions, seeds and modes. Beside the declared parameters every
point carries ``dummy``, which nothing depends on: the control of every sensitivity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = float | int | str
Point = dict[str, Value]
Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=40)]

DUMMY = "dummy"
MAX_POINTS = 100_000
LAYERS = {"roads": "scene", "conditions": "sensor"}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParameterSpec(_Model):
    """One varied value.

    Attributes:
        id: its name in tables. target: path of the value in the scenario.
        type: ``float``, ``int`` or ``choice``.
        min, max: ends of a number, both included. values: of a choice. step: of a number on a grid.
    """

    id: Id
    target: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_-]+)*$")
    type: Literal["float", "int", "choice"]
    min: float | None = None
    max: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    values: tuple[str | float | int, ...] = ()
    unit: str = ""

    @model_validator(mode="after")
    def _complete(self) -> ParameterSpec:
        if self.id == DUMMY:
            raise ValueError(f"{DUMMY!r} is the name of the control that every space has; choose another id")
        if self.type == "choice":
            if len(set(self.values)) < 2 or len(set(self.values)) != len(self.values) or self.min is not None:
                raise ValueError(f"parameter {self.id!r}: a choice has two or more different values and no min or max")
            return self
        if self.min is None or self.max is None or not self.min < self.max or self.values:
            raise ValueError(f"parameter {self.id!r}: a number has min < max and no values")
        if self.type == "int" and not (self.min.is_integer() and self.max.is_integer()):
            raise ValueError(f"parameter {self.id!r}: whole numbers have whole ends")
        return self

    @property
    def layer(self) -> str:
        """``scene``, ``scene parameter`` or ``sensor``."""
        return LAYERS.get(self.target.split(".")[0], "scene parameter")

    def at(self, share: float) -> Value:
        """The value at a place in [0, 1]: numbers between their ends, whole numbers and choices in equal parts."""
        if self.type == "choice":
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        low, high = float(self.min or 0.0), float(self.max or 0.0)
        if self.type == "int":
            return int(min(low + int(share * (high - low + 1)), high))
        return round(low + share * (high - low), 9)

    def share(self, value: Value) -> float:
        """The place of a value in [0, 1]: the inverse of :meth:`at` up to rounding (the middle of its part)."""
        if self.type == "choice":
            return (self.values.index(value) + 0.5) / len(self.values)
        low, high, number = float(self.min or 0.0), float(self.max or 0.0), float(value)
        if self.type == "int":
            return (number - low + 0.5) / (high - low + 1)
        return (number - low) / (high - low)


class SamplerSpec(_Model):
    """How points are chosen.

    ``grid``: every combination (numbers by ``step``, or ``levels`` places from end to end). ``random``, ``sobol``,
    ``halton``: ``points`` of them. ``listed``: those in ``listed``. ``bisect``: the middle of each pair of points in
    ``brackets``, one that passed and one that failed (written by ``python -m harness.evaluation refine``).
    """

    kind: Literal["grid", "random", "sobol", "halton", "listed", "bisect"]
    points: int | None = Field(default=None, ge=1, le=MAX_POINTS)
    levels: int | None = Field(default=None, ge=2, le=1000)
    seed: int = Field(default=0, ge=0)
    listed: tuple[dict[str, Value], ...] = ()
    brackets: tuple[tuple[dict[str, Value], dict[str, Value]], ...] = ()

    @model_validator(mode="after")
    def _what_it_needs(self) -> SamplerSpec:
        needs = {"listed": "listed", "bisect": "brackets"}.get(self.kind, "points" if self.kind != "grid" else None)
        if needs is not None and not getattr(self, needs):
            raise ValueError(f"sampler {self.kind!r} needs {needs!r}")
        for key in ("points", "levels", "listed", "brackets"):
            if getattr(self, key) and key != needs and not (self.kind == "grid" and key == "levels"):
                raise ValueError(f"sampler {self.kind!r} does not use {key!r}; leave it out")
        return self


class SpaceSpec(_Model):
    """Declared parameters, and how points of their space are chosen."""

    parameters: tuple[ParameterSpec, ...] = Field(min_length=1)
    sampler: SamplerSpec

    @model_validator(mode="after")
    def _fits(self) -> SpaceSpec:
        ids = [parameter.id for parameter in self.parameters]
        targets = [parameter.target for parameter in self.parameters]
        for what, names in (("id", ids), ("target", targets)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is declared twice")
        if self.sampler.kind == "grid" and self.sampler.levels is None:
            without = [p.id for p in self.parameters if p.type == "float" and p.step is None]
            if without:
                raise ValueError(f"a grid needs 'levels', or a 'step' for parameter {without[0]!r}")
        for point in (*self.sampler.listed, *(end for bracket in self.sampler.brackets for end in bracket)):
            self._check_point(point)
        return self

    def _check_point(self, point: Mapping[str, Value]) -> None:
        for parameter in self.parameters:
            if parameter.id not in point:
                raise ValueError(f"point {dict(point)} has no {parameter.id!r}")
            value = point[parameter.id]
            if parameter.type == "choice":
                inside = value in parameter.values
            else:
                inside = not isinstance(value, str) and float(parameter.min or 0) <= value <= float(parameter.max or 0)
            if not inside:
                raise ValueError(f"point {dict(point)}: {parameter.id!r} is outside its range")


def with_point(data: Mapping[str, Any], space: SpaceSpec, point: Mapping[str, Value]) -> dict[str, Any]:
    """A copy of a scenario's data with a point's values in place, without its ``space``.

    Raises:
        KeyError: a target leads nowhere; its text names the parameter and the path.
    """
    result: dict[str, Any] = _copied({key: value for key, value in data.items() if key != "space"})
    for parameter in space.parameters:
        *parents, last = parameter.target.split(".")
        place: Any = result
        for part in parents:
            place = place[_key(place, part, parameter)]
        place[_key(place, last, parameter)] = point[parameter.id]
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list | tuple) else value


def _key(place: Any, part: str, parameter: ParameterSpec) -> str | int:
    if isinstance(place, dict) and part in place:
        return part
    if isinstance(place, list) and part.isdigit() and int(part) < len(place):
        return int(part)
    raise KeyError(f"parameter {parameter.id!r}: target {parameter.target!r} leads nowhere at {part!r}")
