"""What the roadside tells vehicles: speed limits, and the state of the light that they are to obey."""

from __future__ import annotations

from collections.abc import Sequence

from embedded_carla.render.types import BoxActor
from embedded_carla.world.actors import Actor
from embedded_carla.world.signals import Signals
from embedded_carla.world.speed_limits import SpeedLimits
from embedded_carla.world.traffic_lights import TrafficLights, make_light, make_sign
from embedded_carla.world.vehicle import RoadRules, Vehicle

ASK_AGAIN_M = 1.0
"""A vehicle's limit is looked up anew when it has gone this far."""


class Roadside:
    """Signs, lights and limits of one episode.

    Args:
        signals, limits: of the map.
        first_actor_id: the signs and lights get this number and the following ones.
    """

    def __init__(self, signals: Signals, limits: SpeedLimits, first_actor_id: int) -> None:
        signs = [make_sign(first_actor_id + k, sign) for k, sign in enumerate(signals.signs)]
        first_light_id = first_actor_id + len(signs)
        lights = [make_light(first_light_id + k, place) for k, place in enumerate(signals.lights)]
        self.actors: tuple[Actor, ...] = (*signs, *lights)
        self.lights = TrafficLights(lights, signals.groups)
        self._limits = limits
        self._asked: dict[int, tuple[float, float, float]] = {}

    def advance(self, dt_s: float) -> None:
        """One tick of the lights."""
        if self.lights.lights:
            self.lights.advance(dt_s)

    def inform(self, vehicles: Sequence[Vehicle]) -> None:
        """Tell vehicles what holds where they are."""
        for vehicle in vehicles:
            rules = RoadRules(self._limit_kmh(vehicle))
            light = self.lights.affecting(vehicle)
            if light is not None:
                rules = rules._replace(light_id=light.actor_id, light_state=light.light_state)
            if rules != vehicle.rules:
                vehicle.rules = rules
                vehicle.refresh_record()

    def bodies(self) -> list[BoxActor]:
        """What cameras see of it."""
        return [body for light in self.lights.lights for body in light.bodies()]

    def _limit_kmh(self, vehicle: Vehicle) -> float:
        if self._limits.everywhere_kmh is not None:
            return self._limits.everywhere_kmh
        x_m, y_m = vehicle.pose.x_m, vehicle.pose.y_m
        known = self._asked.get(vehicle.actor_id)
        if known is not None and abs(x_m - known[0]) + abs(y_m - known[1]) < ASK_AGAIN_M:
            return known[2]
        limit_kmh = self._limits.at(x_m, y_m, vehicle.pose.z_m)
        self._asked[vehicle.actor_id] = (x_m, y_m, limit_kmh)
        return limit_kmh
