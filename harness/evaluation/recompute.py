"""Re-derive the summary of a stored campaign from its records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.evaluation.own_metrics import measure
from harness.evaluation.summary import summarise_judged

SUMMARY_FILE = "summary.json"


def recompute(folder: Path, processes: int | None = None) -> tuple[Path, dict[str, Any]]:
    """Judge a campaign folder and write its ``summary.json``.

    Args:
        folder: of the campaign. processes: how many to judge with; by default what the machine has.

    Returns:
        The path of the file and its content.

    Raises:
        StoreError: no readable campaign there, or a record that does not match its hash.
        EpisodeDataError: a record lacks what its evaluation needs.
        RescueTableError: the rescue map cannot be read.
    """
    # The reader defines its records by this package's EpisodeData: imported late, or the two would
    # import in a ring.
    from harness.evaluation.judged_campaign import judge_campaign
    from harness.evaluation.rescue_table import read_rescue_table
    from harness.results.files import replace_atomically
    from harness.results.reader import read_described_campaign

    campaign = read_described_campaign(folder)
    judged = judge_campaign(folder, campaign, processes)
    summary = summarise_judged(judged, campaign, read_rescue_table(folder), measure(folder, campaign))
    path = folder / SUMMARY_FILE
    text = json.dumps(summary, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    replace_atomically(path, text.encode())
    return path, summary
