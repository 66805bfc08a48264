"""Two nights of one tier: the first says how to name it, the second is compared with it, the catalogue has both."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import run_campaign
from harness.cluster.campaign_run import CampaignResult, Status
from harness.results.history import HISTORY_FILE, LAST_GOOD, History
from harness.results.store import CampaignStore
from tests.harness.evaluation.synthetic import episode, ticks_of
from tests.harness.evaluation.test_recompute import stored

PAIRS = 10


def night(results: Path, day: int, departing: int) -> CampaignResult:
    """A campaign that has just been driven; the first ``departing`` runs depart."""
    folder = results / f"night_{day}"
    runs = [
        episode(pair=f"p{k}", ticks=ticks_of(100, 60 if k < departing else None), end_reason="duration")
        for k in range(PAIRS)
    ]
    with CampaignStore.create(folder) as store:
        for run in runs:
            store.add_episode(stored(run))
        store.write_campaign(
            {
                "name": "nightly",
                "tier": "smoke",
                "campaign_id": "c",
                "created_at": f"2025-01-0{day}T01:00:00+00:00",
                "status": "complete",
                "simulator": {"name": "embedded", "version": "0.9.16", "scene_version": 2},
                "agent": {"name": "pilotnet", "weights_sha256": str(departing)},
                "episode_ids": list(store.finished()),
            }
        )
    return CampaignResult(folder, Status.COMPLETE, PAIRS, PAIRS, 0)


def suites_of(night: CampaignResult) -> dict[str, dict[str, str]]:
    return {suite.attrib["name"]: suite.attrib for suite in ET.parse(night.folder / "junit.xml").getroot()}


def test_a_night_is_entered_compared_with_last_good_and_fails_when_it_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / HISTORY_FILE).touch()  # as in a results folder that has seen campaigns before
    good, bad = night(tmp_path, 1, departing=0), night(tmp_path, 2, departing=PAIRS)
    assert run_campaign._conclude(good, LAST_GOOD) == run_campaign.EXIT_USAGE
    assert "no campaign 'nightly/smoke' is tagged 'last-good'" in capsys.readouterr().err
    assert suites_of(good)["nightly.baseline"]["errors"] == "1", "exit code 2 is no green page"
    history = History(tmp_path)
    history.tag(LAST_GOOD, good.folder)
    assert run_campaign._conclude(bad, LAST_GOOD) == run_campaign.EXIT_FAILED_VERDICT
    assert "REGRESSION" in capsys.readouterr().out
    assert [(row.series, row.departures) for row in history.campaigns()] == [
        ("nightly/smoke", 0),
        ("nightly/smoke", 10),
    ]
    suites = suites_of(bad)
    assert suites["nightly.baseline"]["failures"] != "0" and suites["nightly.episodes"]["errors"] == "0"
    assert history.verify() == []
