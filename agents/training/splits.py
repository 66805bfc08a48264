"""The four disjoint sets (PROTOCOL §8): disjoint by road and by texture pack.

Each set is a campaign file, so its data comes through the same loop as any result.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios" / "training"


@dataclass(frozen=True)
class DataSet:
    """One set of episodes.

    Attributes:
        name: folder name of its shards.
        scenario: campaign file that describes the whole matrix.
        keep_every: store every n-th tick; neighbouring frames at 20 Hz are nearly the same picture.
        pictures: keep whole camera pictures with a driving log, as of a real car, instead of shards of crops.
        agent: drives instead of the scenario's.
    """

    name: str
    scenario: Path
    keep_every: int
    pictures: bool = False
    agent: str | None = None

    def place(self, folder: Path, episode_id: str) -> Path:
        """The file that says an episode's frames are there."""
        return folder / episode_id / "driving_log.csv" if self.pictures else folder / f"{episode_id}.npz"


AGENT_FIT = DataSet("agent_fit", SCENARIOS / "agent_fit.yaml", keep_every=2)
AGENT_FIT_ON_POLICY = DataSet("agent_fit_on_policy", SCENARIOS / "agent_fit_on_policy.yaml", keep_every=2)
MONITOR_FIT = DataSet("monitor_fit", SCENARIOS / "monitor_fit.yaml", keep_every=2)
CALIBRATE = DataSet("calibrate", SCENARIOS / "calibrate.yaml", keep_every=1)
PAPER_FIT = DataSet("paper_fit", SCENARIOS / "paper_fit.yaml", keep_every=2, pictures=True)
PAPER_LOG = DataSet("paper_log", SCENARIOS / "paper_log.yaml", keep_every=2, pictures=True)
PAPER_ON_POLICY = DataSet("paper_on_policy", SCENARIOS / "paper_on_policy.yaml", keep_every=2, pictures=True)
