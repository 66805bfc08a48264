"""A callable method, and finding the actor it is about."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from embedded_carla.wire.rpc import CallFailedError
from embedded_carla.world.actors import Actor
from embedded_carla.world.vehicle import Vehicle
from embedded_carla.world.world import World


class Returns(Enum):
    """The shape of a method's reply."""

    VALUE = "value"
    VOID = "void"
    BARE = "bare"
    """As it is, without CARLA's wrapper."""


class Call(NamedTuple):
    """One method."""

    function: Callable[..., Any]
    returns: Returns


def value(function: Callable[..., Any]) -> Call:
    """A method that returns a value."""
    return Call(function, Returns.VALUE)


def void(function: Callable[..., Any]) -> Call:
    """A method that returns nothing."""
    return Call(function, Returns.VOID)


def existing(world: World, actor_id: int) -> Actor:
    """The actor with an id.

    Raises:
        CallFailedError: there is none.
    """
    actor = world.actors.get(actor_id)
    if actor is None:
        raise CallFailedError(f"actor {actor_id} does not exist: it was destroyed, or the world was loaded again")
    return actor


def existing_vehicle(world: World, actor_id: int) -> Vehicle:
    """The vehicle with an id.

    Raises:
        CallFailedError: there is none, or it is no vehicle.
    """
    actor = existing(world, actor_id)
    if not isinstance(actor, Vehicle):
        raise CallFailedError(f"actor {actor_id} is a {actor.blueprint.blueprint_id}, not a vehicle")
    return actor
