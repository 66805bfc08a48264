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


def world_id(
    world: Mapping[str, Any],
    ego: Mapping[str, Any],
    camera: Mapping[str, Any],
    tick_s: float,
    duration_s: float,
    seed_index: int,
) -> str:
    """What road, scenery, weather and start look like. ``world`` holds the weather too, but no names."""
    return short_hash(
        {
            "world": dict(world),
            "ego": dict(ego),
            "camera": dict(camera),
            "tick_s": tick_s,
            "duration_s": duration_s,
            "seed_index": seed_index,
        }
    )


def pair_id(world: str, unresolved_sensor: Any) -> str:
    """A world under a sensor schedule (random onsets not yet drawn): what twins share."""
    return short_hash({"world_id": world, "sensor": unresolved_sensor})


def episode_id(
    pair: str,
    agent: Mapping[str, Any] | None,
    monitors: Sequence[Mapping[str, Any]],
    mode: str,
    thresholds: Mapping[str, float] | None,
    driver: Mapping[str, Any] | None,
) -> str:
    """A pair, who drives it, who watches, in which mode, and how a takeover goes."""
    return short_hash(
        {
            "pair_id": pair,
            "agent": agent,
            "monitors": list(monitors),
            "mode": mode,
            "thresholds": thresholds,
            "driver": driver,
        }
    )
