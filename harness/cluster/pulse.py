"""A page of memory through which the process that drives shows its parent that it lives, and what it is doing.

Shared memory and not a message: a beat costs two machine words, so there may be several per tick.
"""

from __future__ import annotations

import enum
import mmap
import os
import struct

_LAYOUT = struct.Struct("<QQ")


class Stage(enum.IntEnum):
    """What the driving process is busy with; each has a deadline of its own."""

    STARTING = 0
    LOADING = 1
    TICKING = 2
    AGENT = 3
    MONITOR = 4

    @property
    def doing(self) -> str:
        """As part of a sentence: 'while …'."""
        return {
            Stage.STARTING: "starting and connecting",
            Stage.LOADING: "loading the world, the agent and the monitors",
            Stage.TICKING: "waiting for the simulator's tick, or writing the record",
            Stage.AGENT: "the agent was to answer",
            Stage.MONITOR: "a monitor was to score",
        }[self]


class Pulse:
    """The page, seen from either side. One process beats, the other one reads."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Make a new page, or map the one that the parent made (its ``descriptor``, inherited)."""
        if descriptor is None:
            descriptor = os.memfd_create("pulse")
            os.ftruncate(descriptor, _LAYOUT.size)
        self.descriptor = descriptor
        self._page = mmap.mmap(descriptor, _LAYOUT.size)
        self._beats = 0

    def beat(self, stage: Stage) -> None:
        """Enter a stage, or show progress within it."""
        self._beats += 1
        _LAYOUT.pack_into(self._page, 0, self._beats, stage)

    def read(self) -> tuple[int, Stage]:
        """(number of beats so far, current stage)."""
        beats, stage = _LAYOUT.unpack_from(self._page, 0)
        return beats, Stage(stage)

    def close(self) -> None:
        """Unmap the page."""
        self._page.close()
        os.close(self.descriptor)
