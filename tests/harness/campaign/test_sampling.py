"""A draw from the matrix is seeded, balanced over conditions, and keeps twins and expert runs together."""

from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from harness.campaign.episode_spec import EpisodeSpec
from tests.harness.campaign.campaigns import campaign, expanded

ROADS = [{"kind": "winding", "name": "w", "seed": {"range": [1, 6]}, "length_m": 120, "radius_m": [80, 200]}]
CONDITIONS = [{"name": "ideal"}, {"name": "blur", "effects": [{"effect": "blur", "width_px": 5}]}]


def drawn(pairs: int | dict[str, int], seed: int = 0, **changes: object) -> list[EpisodeSpec]:
    sample = {"pairs": pairs, "seed": seed}
    modes = ["expert", "shadow", "log"]
    return expanded(campaign(roads=ROADS, conditions=CONDITIONS, modes=modes, sample=sample, **changes))


def test_conditions_take_turns_and_twins_stay_together() -> None:
    episodes = drawn(7)
    pairs = {e.pair_id: e.condition for e in episodes if str(e.mode) != "expert"}
    assert len(pairs) == 7
    assert sorted(Counter(pairs.values()).values()) == [3, 4]
    assert all(sum(e.pair_id == pair and str(e.mode) != "expert" for e in episodes) == 2 for pair in pairs)


def test_every_drawn_world_has_its_expert_run() -> None:
    episodes = drawn(5)
    experts = [e.world_id for e in episodes if str(e.mode) == "expert"]
    assert sorted(experts) == sorted({e.world_id for e in episodes})


def test_the_seed_decides_the_draw_and_a_large_draw_is_the_matrix() -> None:
    ids = [e.episode_id for e in drawn(4)]
    assert ids == [e.episode_id for e in drawn(4)]
    assert ids != [e.episode_id for e in drawn(4, seed=1)]
    assert len({e.pair_id for e in drawn(1000) if str(e.mode) != "expert"}) == 12


@pytest.mark.parametrize("pairs", [1, 2, 3])
def test_no_more_pairs_than_asked_for(pairs: int) -> None:
    assert len({e.pair_id for e in drawn(pairs) if str(e.mode) != "expert"}) == pairs


def test_every_tier_holds_the_episodes_of_the_smaller_ones() -> None:
    sizes = {"smoke": 2, "nightly": 5, "weekly": 11}
    tiers = [{e.episode_id for e in drawn(sizes, tier=name)} for name in sizes]
    assert tiers[0] < tiers[1] < tiers[2]
    assert tiers[1] == {e.episode_id for e in drawn(5)}
    assert tiers[0] == {e.episode_id for e in drawn(dict(reversed(sizes.items())), tier="smoke")}


@pytest.mark.parametrize(
    ("pairs", "tier", "message"),
    [
        ({"smoke": 2, "nightly": 5}, "weekly", "one of smoke, nightly"),
        ({"smoke": 2, "nightly": 5}, None, "choose the tier"),
        ({"smoke": 5, "nightly": 5}, "smoke", "same number of pairs"),
        (5, "smoke", "has no tiers"),
    ],
)
def test_a_tier_that_cannot_be_chosen_is_refused(pairs: int | dict[str, int], tier: str | None, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        drawn(pairs, tier=tier)
