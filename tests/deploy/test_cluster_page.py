"""Every fault and rule on docs/cluster.md names a test that is there, and the sizes it states are the scenario's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.campaign.loader import load_campaign
from harness.cluster.campaign_plan import plan_campaign

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs/cluster.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 40
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (REPOSITORY / path).read_text()]
    assert missing == []


def test_the_tiers_of_the_nightly_scenario_are_those_of_the_page() -> None:
    scenario = REPOSITORY / "scenarios/nightly.yaml"
    assert load_campaign(scenario).tier == "nightly"
    ids = []
    for name, episodes, pairs in re.findall(r"\| `(smoke|nightly)` \|[^|]*\| ([\d,]+) \(([\d,]+)\) \|", PAGE):
        planned = plan_campaign(scenario, [f"tier={name}"]).episodes
        driven = {episode.pair_id for episode in planned if episode.mode.kind != "expert"}
        assert (len(planned), len(driven)) == (int(episodes.replace(",", "")), int(pairs.replace(",", "")))
        ids.append({episode.episode_id for episode in planned})
    assert len(ids) == 2 and ids[0] < ids[1]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(deploy/[\w./]+)`", PAGE))))
def test_every_example_that_the_page_names_is_there(path: str) -> None:
    assert (REPOSITORY / path).is_file()
