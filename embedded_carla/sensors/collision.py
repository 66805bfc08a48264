"""Collision events."""

from __future__ import annotations

import msgpack


def collision_payload(actor: object, other: object, impulse_ns: tuple[float, float, float]) -> bytes:
    """One event: Actor, other Actor (both in wire form), impulse on the first one in N s, world axes."""
    packed: bytes = msgpack.packb([actor, other, list(impulse_ns)], unicode_errors="surrogateescape")
    return packed
