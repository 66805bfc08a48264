"""Lists and ranges in a scenario: one written value that stands for several."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_CHOICES = 100_000


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntRange(_Model):
    """``{range: [first, last]}`` or ``{range: [first, last, step]}``: whole numbers, both ends included."""

    range: Annotated[tuple[int, ...], Field(min_length=2, max_length=3)]

    @model_validator(mode="after")
    def _ordered(self) -> IntRange:
        if self.range[0] > self.range[1] or (len(self.range) == 3 and self.range[2] < 1):
            raise ValueError(f"range must be [first, last] or [first, last, step > 0], got {list(self.range)}")
        if (self.range[1] - self.range[0]) // (self.range[2] if len(self.range) == 3 else 1) >= MAX_CHOICES:
            raise ValueError(f"range {list(self.range)} stands for more than {MAX_CHOICES} values")
        return self

    @property
    def values(self) -> tuple[int, ...]:
        """The numbers it stands for."""
        first, last, *step = self.range
        return tuple(range(first, last + 1, *step))


class NumberRange(_Model):
    """``{range: [first, last, step]}``: numbers, both ends included (step 1 if left out)."""

    range: Annotated[tuple[float, ...], Field(min_length=2, max_length=3)]

    @model_validator(mode="after")
    def _ordered(self) -> NumberRange:
        step = self.range[2] if len(self.range) == 3 else 1.0
        if not all(math.isfinite(v) for v in self.range) or self.range[0] > self.range[1] or step <= 0:
            raise ValueError(f"range must be [first, last] or [first, last, step > 0], got {list(self.range)}")
        if (self.range[1] - self.range[0]) / step >= MAX_CHOICES:
            raise ValueError(f"range {list(self.range)} stands for more than {MAX_CHOICES} values")
        return self

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers it stands for."""
        first, last, step = (*self.range, 1.0)[:3]
        count = math.floor((last - first) / step + 1e-9) + 1
        return tuple(round(first + k * step, 9) for k in range(count))


class Uniform(_Model):
    """``{uniform: [low, high]}``: drawn once per pair from its schedule seed."""

    uniform: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.uniform[0] > self.uniform[1]:
            raise ValueError(f"uniform must be [low, high], got {list(self.uniform)}")
        return self


class ReactionTimes(_Model):
    """``{one_of: [1.0, 1.5, 2.5]}``: one of these times, s, all equally likely (one listed twice is twice as likely),
    drawn once per pair."""

    one_of: Annotated[tuple[Annotated[float, Field(ge=0, le=10)], ...], Field(min_length=1, max_length=1000)]

    def drawn(self, seed: int) -> float:
        """The value of a seed."""
        return self.one_of[int(np.random.default_rng(seed).integers(len(self.one_of)))]
