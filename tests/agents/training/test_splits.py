"""The sets of episodes are disjoint by road and by texture pack, from the driver's own to the reference campaign."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from agents.training.label_frames import ROADS
from agents.training.splits import AGENT_FIT, AGENT_FIT_ON_POLICY, CALIBRATE, MONITOR_FIT, SCENARIOS
from harness.campaign.loader import load_campaign

REFERENCE = SCENARIOS.parent / "reference.yaml"
GROUPS = {
    "agent": [AGENT_FIT.scenario, AGENT_FIT_ON_POLICY.scenario],
    "monitor": [MONITOR_FIT.scenario],
    "calibrate": [CALIBRATE.scenario],
    "test": [REFERENCE, SCENARIOS.parent / "unseen_ideal.yaml"],
}


def packs_and_seeds(scenarios: list[Path]) -> tuple[set[str], set[int]]:
    packs, seeds = set(), set()
    for scenario in scenarios:
        for road in load_campaign(scenario).model_dump()["roads"]:
            packs.add(road["texture_pack"])
            seeds |= set(seeds_of(road["seed"]))
    return packs, seeds


def seeds_of(seed: int | dict[str, list[int]]) -> range:
    if isinstance(seed, int):
        return range(seed, seed + 1)
    first, last = seed["range"]
    return range(first, last + 1)


@pytest.mark.parametrize(("one", "other"), list(combinations(GROUPS, 2)))
def test_no_two_sets_share_a_road_or_a_texture_pack(one: str, other: str) -> None:
    (packs, seeds), (other_packs, other_seeds) = packs_and_seeds(GROUPS[one]), packs_and_seeds(GROUPS[other])
    assert packs and seeds and not packs & other_packs and not seeds & other_seeds


def test_the_drives_of_one_driver_s_data_do_not_repeat_a_road() -> None:
    first, second = (packs_and_seeds([one.scenario])[1] for one in (AGENT_FIT, AGENT_FIT_ON_POLICY))
    assert not first & second


def test_pictures_that_judge_saliency_show_roads_no_driver_was_fitted_on() -> None:
    packs, seeds = packs_and_seeds(GROUPS["agent"])
    test_packs, _ = packs_and_seeds(GROUPS["test"])
    for road in ROADS:
        assert road.pack not in packs | test_packs and road.seed not in seeds
