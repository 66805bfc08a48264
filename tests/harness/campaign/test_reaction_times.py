"""Reaction times of the takeover driver: one for all, or drawn per pair."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.spec import CampaignSpec, TakeoverEntry
from tests.harness.campaign.campaigns import campaign, expanded

TIMES = [1.0, 1.5, 2.5]


def twins(reaction_s: Any, seeds: int = 1) -> list[EpisodeSpec]:
    spec: CampaignSpec = campaign(
        monitors=["random", "always_on"],
        modes=["shadow", "takeover:random@duty10", "takeover:always_on"],
        takeover={"reaction_s": reaction_s},
        seeds=seeds,
    )
    return [episode for episode in expanded(spec) if episode.takeover is not None]


def reaction_s(episode: EpisodeSpec) -> float:
    assert episode.takeover is not None
    return episode.takeover.reaction_s


def test_a_number_holds_for_every_pair() -> None:
    assert {reaction_s(episode) for episode in twins(1.5, seeds=3)} == {1.5}


def test_twins_of_all_monitors_meet_the_same_driver() -> None:
    by_pair: dict[str, set[float]] = {}
    for episode in twins({"one_of": TIMES}, seeds=20):
        by_pair.setdefault(episode.pair_id, set()).add(reaction_s(episode))
    assert len(by_pair) == 20
    assert all(len(times) == 1 for times in by_pair.values())
    assert set().union(*by_pair.values()) == set(TIMES)


def test_the_draw_is_fair_and_repeatable() -> None:
    entry = TakeoverEntry.model_validate({"reaction_s": {"one_of": TIMES}})
    drawn = Counter(entry.of_pair(f"{pair:016x}").reaction_s for pair in range(3000))
    # Three binomial counts of mean 1000 and deviation 26.
    assert all(900 < drawn[time] < 1100 for time in TIMES)
    assert entry.of_pair("a") == entry.of_pair("a")


def test_a_list_of_one_is_that_number() -> None:
    assert [e.episode_id for e in twins({"one_of": [1.5]})] == [e.episode_id for e in twins(1.5)]


@pytest.mark.parametrize("wrong", [{"one_of": []}, {"one_of": [-1.0]}, {"one_of": [11.0]}, {"uniform": [1, 2]}, -1.0])
def test_impossible_reaction_times_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="reaction_s"):
        TakeoverEntry.model_validate({"reaction_s": wrong})
