"""Weather as it travels, and what it does to the tyres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedded_carla.vehicle.ground import weather_friction
from embedded_carla.wire.tables_0_9_16 import WEATHER_FIELD_COUNT
from embedded_carla.world.pose import finite

WeatherValues = tuple[float, ...]
"""CARLA's fourteen weather parameters in the order of the wire."""

CLEAR_NOON: WeatherValues = (5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0)
"""The preset ``carla.WeatherParameters.ClearNoon``: the weather of a world that nobody has changed."""

DEPOSITS = 2
WETNESS = 9


def weather_from_wire(values: Sequence[Any]) -> WeatherValues:
    """Read WeatherParameters.

    Raises:
        ValueError: wrong number of values, or one that is not finite.
    """
    if len(values) != WEATHER_FIELD_COUNT:
        raise ValueError(f"weather has {WEATHER_FIELD_COUNT} values, got {len(values)}")
    return tuple(finite(value) for value in values)


def effective_weather(values: WeatherValues) -> WeatherValues:
    """The weather to simulate: the preset ``Default`` (the first ten are -1) means the map's own, ClearNoon."""
    return CLEAR_NOON if all(value == -1.0 for value in values[:10]) else values


def road_friction(values: WeatherValues) -> float:
    """Friction of the pavement over a dry one's; see ``vehicle.ground``."""
    return weather_friction(values[WETNESS], values[DEPOSITS])
