"""What the doctor says about one thing."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How bad it is: a campaign runs well, runs worse than it could, or does not run."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "PROBLEM"


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes:
        check: what was looked at. level: how bad it is. found: what was seen, with units.
        remedy: what to do; None exactly where all is well.
    """

    check: str
    level: Level
    found: str
    remedy: str | None = None

    def __post_init__(self) -> None:
        if (self.remedy is None) != (self.level is Level.OK):
            raise ValueError(f"{self.check}: whatever is not ok needs a remedy, and nothing else has one")
