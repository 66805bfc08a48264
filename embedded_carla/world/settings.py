"""Episode settings: synchronous or by the clock, and how long a tick is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embedded_carla.wire.tables_0_9_16 import DEFAULT_EPISODE_SETTINGS
from embedded_carla.world.pose import finite

DEFAULT_TICK_S = 0.05
"""Tick of a world whose client has set none: the same every time, so that nothing depends on the computer's
speed."""
TICK_RANGE_S = (1e-4, 1.0)


@dataclass(frozen=True)
class EpisodeSettings:
    """carla.WorldSettings; ``values`` is the wire form, read back as it was set."""

    values: tuple[Any, ...] = DEFAULT_EPISODE_SETTINGS
    synchronous: bool = False
    no_rendering: bool = False
    tick_s: float = DEFAULT_TICK_S

    @classmethod
    def from_wire(cls, values: Sequence[Any]) -> EpisodeSettings:
        """Read.

        Raises:
            ValueError: too few values, or a tick outside 0.1 ms .. 1 s.
        """
        if len(values) != len(DEFAULT_EPISODE_SETTINGS):
            raise ValueError(f"settings have {len(DEFAULT_EPISODE_SETTINGS)} values, got {len(values)}")
        for value, default in zip(values[3:], DEFAULT_EPISODE_SETTINGS[3:], strict=True):
            # What is kept here is read back by other clients, whose decoders accept nothing else.
            if isinstance(value, bool) is not isinstance(default, bool):
                raise ValueError(f"a setting like {default!r} cannot be {value!r}")
            finite(value)
        synchronous, no_rendering, fixed_delta = values[:3]
        tick_s = DEFAULT_TICK_S
        # The client sends 0 for "no fixed step".
        if fixed_delta[0] and finite(fixed_delta[1]) != 0.0:
            tick_s = finite(fixed_delta[1])
            if not TICK_RANGE_S[0] <= tick_s <= TICK_RANGE_S[1]:
                raise ValueError(
                    f"fixed_delta_seconds must be {TICK_RANGE_S[0]:g}..{TICK_RANGE_S[1]:g}, got {tick_s:g}"
                )
        fixed = [True, tick_s] if fixed_delta[0] else [False]
        kept = (bool(synchronous), bool(no_rendering), fixed, *values[3:])
        return cls(kept, bool(synchronous), bool(no_rendering), tick_s)
