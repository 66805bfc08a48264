"""Actors as the boxes that cameras see and rays hit."""

from __future__ import annotations

from collections.abc import Sequence

from embedded_carla.render.types import BoxActor
from embedded_carla.world.actors import Actor

_DEFAULT_COLOUR = (128, 128, 128)


def bodies_of(actors: Sequence[Actor]) -> list[BoxActor]:
    """One box per actor, in order."""
    return [_body(actor) for actor in actors]


def _body(actor: Actor) -> BoxActor:
    pose, (length_m, width_m, height_m) = actor.pose, actor.blueprint.half_size_m
    return BoxActor(
        actor.actor_id,
        pose.x_m,
        pose.y_m,
        actor.bottom_z_m + height_m,
        pose.yaw_deg,
        pose.pitch_deg,
        length_m,
        width_m,
        height_m,
        _colour(actor.attributes.get("color", "")),
        actor.blueprint.semantic_tag,
    )


def _colour(text: str) -> tuple[int, int, int]:
    """``r,g,b`` of a blueprint attribute; props and walkers have none."""
    if not text:
        return _DEFAULT_COLOUR
    red, green, blue = (min(max(int(part), 0), 255) for part in text.split(","))
    return red, green, blue
