"""Who is who: hashes that name worlds, pairs and episodes, and the seed tree that grows from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

HASH_DIGITS = 16
# Made once: a campaign of 100,000 episodes asks for 200,000 texts.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(obj: Any) -> str:
    """JSON with sorted keys, no spaces and floats by repr: equal content gives equal text.

    Raises:
        ValueError: NaN or infinity, which JSON cannot hold.
    """
    return _ENCODER.encode(obj)


def short_hash(obj: Any) -> str:
    """First 16 hex digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(obj).encode()).hexdigest()[:HASH_DIGITS]


def seed_for(identity: str, role: str) -> int:
    """63-bit seed of one role ("sensor", "agent", "driver", "schedule", "world", …) of a pair or world."""
    digest = hashlib.sha256(f"{identity}/{role}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class OpenHash:
    """`short_hash` of objects that differ in one value only: what they share is written and digested once."""

    def __init__(self, shared: Mapping[str, Any], key: str) -> None:
        """Prepare.

        Args:
            shared: everything else in the objects. key: where each of them has a value of its own.
        """
        before = canonical_json({name: value for name, value in shared.items() if name < key})[1:-1]
        after = canonical_json({name: value for name, value in shared.items() if name > key})[1:-1]
        head = f"{{{before}{',' if before else ''}{canonical_json(key)}:"
        self._head = hashlib.sha256(head.encode())
        self._tail = f"{',' if after else ''}{after}}}".encode()

    def of(self, value: Any) -> str:
        """The hash of the object with this value."""
        digest = self._head.copy()
        digest.update(canonical_json(value).encode() + self._tail)
        return digest.hexdigest()[:HASH_DIGITS]


def world_ids(
    world: Mapping[str, Any], ego: Mapping[str, Any], camera: Mapping[str, Any], tick_s: float, duration_s: float
) -> OpenHash:
    """Seed index -> world id: what road, scenery, weather and start look like. ``world`` holds the weather too, but no
    names."""
    shared = {
        "world": dict(world),
        "ego": dict(ego),
        "camera": dict(camera),
        "tick_s": tick_s,
        "duration_s": duration_s,
    }
    return OpenHash(shared, "seed_index")


def pair_ids(unresolved_sensor: Any) -> OpenHash:
    """World id -> pair id: a world under a sensor schedule (random onsets not yet drawn), what twins share."""
    return OpenHash({"sensor": unresolved_sensor}, "world_id")


def episode_ids(
    agent: Mapping[str, Any] | None,
    monitors: Sequence[Mapping[str, Any]],
    mode: str,
    thresholds: Mapping[str, float] | None,
    driver: Mapping[str, Any] | None,
) -> OpenHash:
    """Pair id -> episode id: a pair, who drives it, who watches, in which mode, and how a takeover goes."""
    shared = {"agent": agent, "monitors": list(monitors), "mode": mode, "thresholds": thresholds, "driver": driver}
    return OpenHash(shared, "pair_id")
