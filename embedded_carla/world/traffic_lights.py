"""Traffic lights: actors that take turns, junction by junction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from embedded_carla.render.types import BoxActor
from embedded_carla.wire import tables_0_9_16 as tables
from embedded_carla.world.actors import Actor
from embedded_carla.world.blueprints import Blueprint, Kind
from embedded_carla.world.boxes import Box, overlap
from embedded_carla.world.collisions import box_of
from embedded_carla.world.signals import LightPlace, SignPlace, trigger_to_wire

GREEN_S, YELLOW_S, RED_S = 10.0, 3.0, 2.0
"""What CARLA's lights begin with; red is the time in which every light of the group is red."""
_ALMOST_S = 1e-6
_STAGES = (tables.LIGHT_GREEN, tables.LIGHT_YELLOW, tables.LIGHT_RED)
_POLE_HALF_M = (0.06, 0.06, 1.4)
_HEAD_HALF_M = (0.15, 0.15, 0.45)
_LAMPS = {
    tables.LIGHT_RED: (0.3, (230, 20, 20)),
    tables.LIGHT_YELLOW: (0.0, (235, 190, 10)),
    tables.LIGHT_GREEN: (-0.3, (20, 220, 60)),
}
"""Height of the lit lamp over the middle of the head, and its colour."""
_DARK, _POLE_COLOUR = (25, 25, 25), (90, 90, 90)
LIGHT_BLUEPRINT = Blueprint("traffic.traffic_light", Kind.SIGNAL, (), semantic_tag=tables.TAG_TRAFFIC_LIGHT)


@dataclass(eq=False)
class TrafficLight(Actor):
    """One light; a client sees its trigger volume as its bounding box.

    Attributes:
        times_s: of green, yellow and red; shared by the lights of a phase, as CARLA's controllers do it.
        pole: its number among the lights of its group.
    """

    site: LightPlace | None = None
    light_state: int = tables.LIGHT_RED
    times_s: list[float] = field(default_factory=lambda: [GREEN_S, YELLOW_S, RED_S])
    elapsed_s: float = 0.0
    frozen: bool = False
    pole: int = 0

    @property
    def trigger(self) -> Box:
        """Where it is obeyed."""
        assert self.site is not None
        return self.site.trigger

    def refresh_record(self) -> None:
        """Bring the packed record up to date."""
        assert self.site is not None
        Actor.refresh_record(self)
        union = tables.TRAFFIC_LIGHT_UNION.pack(
            self.site.signal_id.encode()[:32], *self.times_s, self.elapsed_s, self.pole, self.frozen, self.light_state
        )
        self.record = self.record[: tables.ACTOR_KINEMATICS.size] + union

    def bounding_box_to_wire(self) -> list[object]:
        """The trigger volume."""
        assert self.site is not None
        return trigger_to_wire(self.site, self.actor_id)

    def bodies(self) -> list[BoxActor]:
        """Pole, head, and the lamp that is lit."""
        pose, (_, _, half_m) = self.pose, _POLE_HALF_M
        head_z_m = pose.z_m + 2.0 * half_m + _HEAD_HALF_M[2]
        yaw_rad = math.radians(pose.yaw_deg)
        # The lamps look at those who come: against the traffic, whose right is the light's forward direction.
        front_m = _HEAD_HALF_M[1]
        lamp_x, lamp_y = pose.x_m - front_m * math.sin(yaw_rad), pose.y_m + front_m * math.cos(yaw_rad)
        tag = tables.TAG_TRAFFIC_LIGHT

        def box(x_m: float, y_m: float, z_m: float, half: tuple[float, float, float], colour: tuple[int, int, int],
                label: int = tag) -> BoxActor:  # fmt: skip
            return BoxActor(self.actor_id, x_m, y_m, z_m, pose.yaw_deg, 0.0, *half, colour, label)

        drawn = [
            box(pose.x_m, pose.y_m, pose.z_m + half_m, _POLE_HALF_M, _POLE_COLOUR, tables.TAG_POLE),
            box(pose.x_m, pose.y_m, head_z_m, _HEAD_HALF_M, _DARK),
        ]
        if self.light_state in _LAMPS:
            above_m, colour = _LAMPS[self.light_state]
            drawn.append(box(lamp_x, lamp_y, head_z_m + above_m, (0.11, 0.02, 0.11), colour))
        return drawn


@dataclass(eq=False)
class TrafficSign(Actor):
    """A sign beside the road: told, not drawn."""

    signal_id: str = ""

    def refresh_record(self) -> None:
        """Bring the packed record up to date."""
        Actor.refresh_record(self)
        union = tables.TRAFFIC_SIGN_UNION.pack(self.signal_id.encode()[:32])
        self.record = self.record[: tables.ACTOR_KINEMATICS.size] + union


def make_sign(actor_id: int, place: SignPlace) -> TrafficSign:
    """The actor of a sign."""
    blueprint = Blueprint(place.blueprint_id, Kind.SIGNAL, (), semantic_tag=tables.TAG_TRAFFIC_SIGN)
    return TrafficSign(actor_id, blueprint, [0, place.blueprint_id, []], {}, pose=place.pose, signal_id=place.signal_id)


def make_light(actor_id: int, place: LightPlace) -> TrafficLight:
    """The actor of a light."""
    return TrafficLight(
        actor_id, LIGHT_BLUEPRINT, [0, LIGHT_BLUEPRINT.blueprint_id, []], {}, pose=place.pose, site=place
    )


class LightGroup:
    """Lights that take turns: each phase is green, then yellow, then all are red for a moment."""

    def __init__(self, phases: Sequence[Sequence[TrafficLight]]) -> None:
        self._phases = [list(phase) for phase in phases]
        self.lights = [light for phase in self._phases for light in phase]
        for number, light in enumerate(self.lights):
            light.pole = number
        for phase in self._phases:
            for light in phase[1:]:
                light.times_s = phase[0].times_s
        self.reset()

    def reset(self) -> None:
        """Begin with the first phase's green."""
        self._phase = self._stage = 0
        self._elapsed_s = 0.0
        self._show()

    def advance(self, dt_s: float) -> None:
        """Let time pass."""
        self._elapsed_s += dt_s
        changed = False
        times_s = self._phases[self._phase][0].times_s
        while self._elapsed_s >= times_s[self._stage] - _ALMOST_S:
            self._elapsed_s = max(self._elapsed_s - times_s[self._stage], 0.0)
            self._stage += 1
            if self._stage == len(_STAGES):
                self._stage, self._phase = 0, (self._phase + 1) % len(self._phases)
                times_s = self._phases[self._phase][0].times_s
            changed = True
            if max(times_s) < _ALMOST_S:  # all times are zero: nobody ever waits here
                break
        if changed:
            self._show()
        for light in self.lights:
            light.elapsed_s = self._elapsed_s

    def _show(self) -> None:
        for light in self.lights:
            light.light_state, light.elapsed_s = tables.LIGHT_RED, self._elapsed_s
        for light in self._phases[self._phase]:
            light.light_state = _STAGES[self._stage]


class TrafficLights:
    """All lights of a world.

    Attributes:
        frozen: no light changes by itself; the client freezes all or none.
    """

    def __init__(self, lights: Sequence[TrafficLight], groups: Sequence[Sequence[Sequence[str]]]) -> None:
        by_signal = {light.site.signal_id: light for light in lights if light.site is not None}
        self.lights = list(lights)
        self._groups = [LightGroup([[by_signal[s] for s in phase] for phase in group]) for group in groups]
        self._group_of = {light.actor_id: group for group in self._groups for light in group.lights}
        self._places = [(t.x_m, t.y_m, t.radius_m, light) for light in self.lights for t in (light.trigger,)]
        self.frozen = False
        self.refresh()

    def group_of(self, light: TrafficLight) -> LightGroup:
        """The group that a light takes turns in."""
        return self._group_of[light.actor_id]

    def advance(self, dt_s: float) -> None:
        """One tick."""
        if not self.frozen:
            for group in self._groups:
                group.advance(dt_s)
        self.refresh()

    def freeze(self, frozen: bool) -> None:
        """Stop or start all clocks."""
        self.frozen = frozen
        for light in self.lights:
            light.frozen = frozen
        self.refresh()

    def reset(self) -> None:
        """Every group begins anew."""
        for group in self._groups:
            group.reset()
        self.refresh()

    def refresh(self) -> None:
        """Bring all records up to date."""
        for light in self.lights:
            light.refresh_record()

    def affecting(self, actor: Actor) -> TrafficLight | None:
        """The light in whose trigger volume a body is, the first of several."""
        x_m, y_m, radius_m = actor.pose.x_m, actor.pose.y_m, actor.blueprint.radius_m
        for light_x_m, light_y_m, light_radius_m, light in self._places:
            # Nearly every pair ends here: twenty cars ask thirteen lights in every tick.
            dx, dy, reach_m = x_m - light_x_m, y_m - light_y_m, radius_m + light_radius_m
            if dx * dx + dy * dy < reach_m * reach_m and overlap(box_of(actor), light.trigger) is not None:
                return light
        return None
