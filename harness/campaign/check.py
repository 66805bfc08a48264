"""What a scenario would run, before it runs: the expanded matrix and how long it may take."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.campaign.episode_spec import EpisodeSpec

PACE_FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "reference.json"
"""Summary of the reference campaign: its pace is what estimates go by."""

MAX_SHOWN = 12
"""Values of an axis that the matrix names."""


@dataclass(frozen=True)
class Estimate:
    """How long a campaign may take.

    Attributes:
        simulated_s: simulation time if every run takes all the time it is given; most end sooner.
        wall_s: wall-clock time of that on ``workers`` workers, None where no pace is known.
        workers: assumed.
        pace: where the pace comes from, for a reader.
    """

    simulated_s: float
    wall_s: float | None
    workers: int
    pace: str


def estimate(episodes: Sequence[EpisodeSpec], workers: int, pace_file: Path = PACE_FILE) -> Estimate:
    """Time of a campaign at the pace of a summary's ``timing``; cameras, monitors and machines differ.

    Args:
        episodes: that would run.
        workers: that share them, 1 or more.
        pace_file: a ``summary.json``.
    """
    simulated_s = sum(episode.duration_s for episode in episodes)
    ticks = sum(episode.duration_s / episode.tick_s for episode in episodes)
    try:
        summary = json.loads(pace_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Estimate(simulated_s, None, workers, f"unknown: {pace_file.name} is not there")
    ticks_per_s = (summary.get("timing") or {}).get("ticks_per_s")
    if not ticks_per_s:
        return Estimate(simulated_s, None, workers, f"unknown: {pace_file.name} was not timed")
    hardware = summary["campaign"]["provenance"]["hardware"]
    pace = f"{ticks_per_s:.0f} ticks/s per worker, as campaign {summary['campaign']['name']} on {hardware['cpu']}"
    return Estimate(simulated_s, ticks / ticks_per_s / workers, workers, pace)


def matrix_text(name: str, episodes: Sequence[EpisodeSpec], expected: Estimate, each: bool) -> str:
    """The expanded matrix for a reader.

    Args:
        name: of the campaign. episodes: that would run. expected: its time. each: list every episode too.
    """
    lines = [f"{name}: {len(episodes)} episodes in {len({e.pair_id for e in episodes})} pairs"]
    lines += [f"  {label:<11}{_counted(values)}" for label, values in _axes(episodes).items()]
    lines.append(f"  simulated  at most {_minutes(expected.simulated_s)}")
    time = "unknown" if expected.wall_s is None else f"at most about {_minutes(expected.wall_s)}"
    lines.append(
        f"  time       {time} on {expected.workers} worker(s) ({expected.pace}), without start-up and rescue map"
    )
    if each:
        lines += [_line(episode) for episode in episodes]
    return "\n".join(lines)


def _axes(episodes: Sequence[EpisodeSpec]) -> Mapping[str, list[Any]]:
    return {
        "roads": [episode.road for episode in episodes],
        "weather": [episode.weather.name for episode in episodes],
        "conditions": [episode.condition for episode in episodes],
        "seeds": [episode.seed_index for episode in episodes],
        "modes": [str(episode.mode) for episode in episodes],
    }


def _counted(values: Sequence[Any]) -> str:
    counted = Counter(values)
    shown = ", ".join(f"{value} ({count})" for value, count in list(counted.items())[:MAX_SHOWN])
    return shown + (f" and {len(counted) - MAX_SHOWN} more" if len(counted) > MAX_SHOWN else "")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _line(episode: EpisodeSpec) -> str:
    place = f"{episode.road} · {episode.weather.name} · {episode.condition} · seed {episode.seed_index}"
    return f"  {episode.episode_id}  {place} · {episode.mode}"
