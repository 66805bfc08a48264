"""Frames of runs in which the driver was at the wheel and nobody intervened, with what it got wrong in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.training.dataset import Frames, Rows
from benchmarks.unseen_artifacts import effects_of
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import facts_of
from harness.evaluation.modes import EXPERT, SHADOW
from harness.evaluation.paper_parity import judged_frames
from harness.evaluation.safety_gain import unavoidable_worlds
from harness.results.index import IndexEntry
from harness.results.reader import ordered_entries, read_monitor_inputs, read_recorded_episode
from harness.results.store import StoreError, read_campaign_json
from harness.simulation.monitor_inputs import crops_of

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
NO_ARTIFACT = "none"


@dataclass(frozen=True)
class ShadowFrames:
    """N frames of R runs.

    Attributes:
        crops: uint8 RGB (N, 66, 200, 3), as the driver saw them.
        error_deg, reference_deg: agent − reference, and reference SWA, (N,).
        run: (N,) index of the run, 0..R − 1.
        conditions: of the runs, (R,). artifacts: effects on the schedule of each run, joined by "+", (R,).
    """

    crops: Pictures
    error_deg: Floats
    reference_deg: Floats
    run: npt.NDArray[np.int64]
    conditions: tuple[str, ...]
    artifacts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.run)

    def of_artifact(self, name: str) -> tuple[Rows, ShadowFrames]:
        """(which of the N frames, these frames) of the runs with an artifact."""
        chosen = np.array(self.artifacts) == name
        rows = np.flatnonzero(chosen[self.run])
        return rows, ShadowFrames(
            crops=self.crops[rows],
            error_deg=self.error_deg[rows],
            reference_deg=self.reference_deg[rows],
            run=(np.cumsum(chosen) - 1)[self.run[rows]],
            conditions=tuple(np.array(self.conditions)[chosen].tolist()),
            artifacts=(name,) * int(chosen.sum()),
        )


def collected_frames(frames: Frames, rows: Rows) -> ShadowFrames:
    """Some rows of collected data; a run is an episode that has one of them."""
    episodes, run = np.unique(frames.episode[rows], return_inverse=True)
    specs = [frames.specs[k] for k in episodes]
    reference_deg = frames.columns["swa_label_deg"][rows].astype(np.float64)
    return ShadowFrames(
        crops=frames.crops[rows],
        error_deg=frames.columns["swa_agent_deg"][rows].astype(np.float64) - reference_deg,
        reference_deg=reference_deg,
        run=run.astype(np.int64),
        conditions=tuple(str(spec["condition"]) for spec in specs),
        artifacts=tuple(_artifact(spec) for spec in specs),
    )


def campaign_frames(folder: Path, every: int) -> ShadowFrames:
    """Every n-th of the frames of a campaign's shadow runs that the paper's figures count (`judged_frames`).

    Runs in worlds where the expert departs do not count either.

    Raises:
        StoreError: no readable campaign there, no such frame, or runs that were stored without what monitors look at.
    """
    shadow: list[tuple[IndexEntry, EpisodeData]] = []
    experts = []
    for entry in ordered_entries(folder, read_campaign_json(folder)):
        run = read_recorded_episode(folder, entry)
        if run.mode == SHADOW and not run.is_missing and run.tick_count:
            shadow.append((entry, run))
        elif run.mode == EXPERT:
            experts.append(facts_of(run))
    unavoidable = unavoidable_worlds(experts)
    kept = []
    for entry, run in shadow:
        rows = _every_nth(run, every)
        if len(rows) and run.world_id not in unavoidable:
            kept.append((run, rows, crops_of(read_monitor_inputs(folder, entry))[rows]))
    if not kept:
        raise StoreError(f"{folder}: no shadow run with a frame that counts; name a campaign with shadow runs")
    reference_deg = np.concatenate([_column(run, "swa_label_deg", rows) for run, rows, _ in kept])
    return ShadowFrames(
        crops=np.concatenate([crops for _, _, crops in kept]),
        error_deg=np.concatenate([_column(run, "swa_agent_deg", rows) for run, rows, _ in kept]) - reference_deg,
        reference_deg=reference_deg,
        run=np.repeat(np.arange(len(kept)), [len(rows) for _, rows, _ in kept]),
        conditions=tuple(run.condition for run, _, _ in kept),
        artifacts=tuple(_artifact(run.spec) for run, _, _ in kept),
    )


def _every_nth(run: EpisodeData, every: int) -> Rows:
    known = np.isfinite(run.column("swa_agent_deg")) & np.isfinite(run.column("swa_label_deg"))
    return np.flatnonzero(judged_frames(run) & known)[::every]


def _column(run: EpisodeData, name: str, rows: Rows) -> Floats:
    return run.column(name)[rows].astype(np.float64)


def _artifact(spec: Mapping[str, Any]) -> str:
    return "+".join(sorted(effects_of(spec))) or NO_ARTIFACT
