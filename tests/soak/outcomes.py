"""What each fault did to a campaign, kept in ``benchmarks/results/faults_soak.json``, and that it did no harm."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from tests.campaign_process import left_in

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks/results/faults_soak.json"


def settle(
    fault: str,
    outcome: str,
    planned: Collection[str],
    stored: Sequence[str],
    left_over: Sequence[str] | None,
    began: float,
) -> None:
    """Keep one fault's row, then fail if it cost anything.

    Args:
        fault: what was done. outcome: what came of it, in words.
        planned: ids of the episodes that there had to be. stored: ids of those there are, each as often as it is there.
        left_over: processes, folders and ports that outlived the campaign; None where nobody looked for them.
        began: of the whole affair, by ``time.monotonic()``.
    """
    row = {
        "outcome": outcome,
        "episodes": len(planned),
        "lost": len(set(planned) - set(stored)),
        "doubled": len(stored) - len(set(stored)),
        "left_over": None if left_over is None else len(left_over),
        "seconds": round(time.monotonic() - began),
        "load_1min": round(os.getloadavg()[0], 1),
    }
    known: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"schema_version": 1, "faults": {}}
    known["faults"] = dict(sorted({**known["faults"], fault: row}.items()))
    RESULTS.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    assert (row["lost"], row["doubled"]) == (0, 0) and not left_over, (row, left_over)


def planned_ids(folder: Path) -> list[str]:
    """Episodes that a campaign's folder has to hold in the end."""
    ids: list[str] = json.loads((folder / "campaign.json").read_text())["episode_ids"]
    return ids


def stored_ids(index: Path) -> list[str]:
    """Every line of an index that stands for a driven episode."""
    lines = [json.loads(line) for line in index.read_text().splitlines()]
    return [line["episode_id"] for line in lines if line["outcome"] == "completed"]


def left_over(temporary: Path, timeout_s: float = 60.0) -> list[str]:
    """What campaigns with this folder for temporary files have left after a while; see `left_in`."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = left_in(temporary)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.5)
