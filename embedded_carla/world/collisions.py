"""What happens when a vehicle runs into something: they part, exchange an impulse, and it is reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from embedded_carla.world.actors import Actor
from embedded_carla.world.blueprints import Kind
from embedded_carla.world.boxes import Box, Overlap, overlap
from embedded_carla.world.obstacles import Obstacles
from embedded_carla.world.vehicle import Vehicle

RESTITUTION = 0.1
"""Rebound of colliding bodywork: cars crumple, so little comes back."""
BODY_FRICTION = 0.3
"""Friction between sliding bodies."""
WALKER_MASS_KG = 75.0


class Collision(NamedTuple):
    """One contact in one tick.

    Attributes:
        impulse_ns: on ``second``, N s, CARLA's world axes; its opposite acts on ``first``.
    """

    first: Actor
    second: Actor
    impulse_ns: tuple[float, float, float]


def box_of(actor: Actor) -> Box:
    """The body of an actor."""
    pose = actor.pose
    return Box(pose.x_m, pose.y_m, actor.bottom_z_m, pose.yaw_deg, *actor.blueprint.half_size_m)


def touched(box: Box, actors: Sequence[Actor]) -> Actor | None:
    """The first actor whose body overlaps a box."""
    return next((actor for actor in actors if overlap(box, box_of(actor)) is not None), None)


def resolve(actors: Sequence[Actor], scenery: Obstacles) -> list[Collision]:
    """Part everything that overlaps: pairs of actors in order of their ids, then actors and scenery.

    Args:
        actors: all that collide, by ascending id. Vehicles with physics move, walkers are pushed along, the
            rest stands like a rock.
        scenery: what stands beside the road.

    Returns:
        The contacts of this tick.
    """
    collisions = []
    for i, j in _neighbours(actors):
        first, second = actors[i], actors[j]
        contact = overlap(box_of(first), box_of(second)) if _moves(first) or _moves(second) else None
        if contact is not None:
            collisions.append(Collision(first, second, _part(first, second, contact)))
    for actor in actors:
        if _moves(actor):
            collisions.extend(_part_from_scenery(actor, scenery))
    return collisions


def _part_from_scenery(actor: Actor, scenery: Obstacles) -> list[Collision]:
    """One collision for each kind of thing, however many pieces it is made of."""
    impulses: dict[Actor, tuple[float, float, float]] = {}
    for obstacle in scenery.near(actor.pose.x_m, actor.pose.y_m):
        contact = overlap(box_of(actor), obstacle.box)
        if contact is not None:
            jx, jy, _ = _part(actor, obstacle.actor, contact)
            sum_x, sum_y, _ = impulses.get(obstacle.actor, (0.0, 0.0, 0.0))
            impulses[obstacle.actor] = (sum_x + jx, sum_y + jy, 0.0)
    return [Collision(actor, thing, impulse) for thing, impulse in impulses.items()]


def _moves(actor: Actor) -> bool:
    return isinstance(actor, Vehicle) and actor.moves


def _neighbours(actors: Sequence[Actor]) -> list[tuple[int, int]]:
    """Pairs whose extents along x overlap, in order of the ids: a sweep, so that traffic costs n log n."""
    spans = []
    for index, actor in enumerate(actors):
        x_m, radius_m = actor.pose.x_m, actor.blueprint.radius_m
        spans.append((x_m - radius_m, x_m + radius_m, index))
    spans.sort()
    pairs = []
    for k, (_, end_m, index) in enumerate(spans):
        for start_m, _, other in spans[k + 1 :]:
            if start_m > end_m:
                break
            pairs.append((index, other) if index < other else (other, index))
    pairs.sort()
    return pairs


class _Body(NamedTuple):
    """Motion of one partner at the contact; a rock has zero inverse mass."""

    inverse_mass: float
    inverse_inertia: float
    velocity: tuple[float, float]
    yaw_rate: float
    arm: tuple[float, float]

    @classmethod
    def at_contact(cls, actor: Actor, point: tuple[float, float]) -> _Body:
        if not (isinstance(actor, Vehicle) and actor.moves):
            inverse_mass = 1.0 / WALKER_MASS_KG if actor.kind is Kind.WALKER else 0.0
            return cls(inverse_mass, 0.0, (0.0, 0.0), 0.0, (0.0, 0.0))
        x_m, y_m = actor.centre_of_gravity_m
        arm = (point[0] - x_m, point[1] - y_m)
        vx, vy, _ = actor.velocity_mps
        parameters = actor.parameters
        return cls(
            1.0 / parameters.mass_kg,
            1.0 / parameters.yaw_inertia_kgm2,
            (vx, vy),
            actor.angular_velocity_radps[2],
            arm,
        )

    def point_velocity(self) -> tuple[float, float]:
        return (
            self.velocity[0] - self.yaw_rate * self.arm[1],
            self.velocity[1] + self.yaw_rate * self.arm[0],
        )

    def compliance(self, nx: float, ny: float) -> float:
        lever = self.arm[0] * ny - self.arm[1] * nx
        return self.inverse_mass + lever * lever * self.inverse_inertia

    def after(self, jx: float, jy: float) -> tuple[tuple[float, float], float]:
        velocity = (self.velocity[0] + jx * self.inverse_mass, self.velocity[1] + jy * self.inverse_mass)
        torque = self.arm[0] * jy - self.arm[1] * jx
        return velocity, self.yaw_rate + torque * self.inverse_inertia


def _part(first: Actor, second: Actor, contact: Overlap) -> tuple[float, float, float]:
    """Impulse of a planar rigid-body impact with Coulomb friction (Baraff, "Rigid Body Simulation", 1997,
    sec. 8); that on second."""
    a, b = _Body.at_contact(first, contact.point), _Body.at_contact(second, contact.point)
    nx, ny = contact.normal
    (ax, ay), (bx, by) = a.point_velocity(), b.point_velocity()
    rx, ry = bx - ax, by - ay
    approach = rx * nx + ry * ny
    normal_impulse = tangential_impulse = 0.0
    tx, ty = -ny, nx
    if approach < 0.0:
        normal_impulse = -(1.0 + RESTITUTION) * approach / (a.compliance(nx, ny) + b.compliance(nx, ny))
        wanted = -(rx * tx + ry * ty) / (a.compliance(tx, ty) + b.compliance(tx, ty))
        limit = BODY_FRICTION * normal_impulse
        tangential_impulse = min(max(wanted, -limit), limit)
    jx, jy = normal_impulse * nx + tangential_impulse * tx, normal_impulse * ny + tangential_impulse * ty
    share = contact.depth_m / (a.inverse_mass + b.inverse_mass)
    for actor, body, sign in ((first, a, -1.0), (second, b, 1.0)):
        if body.inverse_mass == 0.0:
            continue
        dx, dy = (sign * share * body.inverse_mass * n for n in (nx, ny))
        if isinstance(actor, Vehicle):
            actor.bump((dx, dy), *body.after(sign * jx, sign * jy))
        else:
            actor.place(actor.pose._replace(x_m=actor.pose.x_m + dx, y_m=actor.pose.y_m + dy))
    return jx, jy, 0.0
