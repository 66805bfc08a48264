"""A planted campaign with its map: what the summary says of it, and what it must not say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.judged_episode import judge_episode
from harness.evaluation.rescue_figures import savable_figures
from harness.evaluation.rescue_table import RescueRow, RescueTableError, read_rescue_table, write_rescue_table
from harness.evaluation.summary import summarise_judged, watched_monitors
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of

TICKS, ONSET = 360, 300
CAMPAIGN = {
    "thresholds": {"monitors": {"eager": {"points": {"fa0.50": {"theta_on": 0.5, "theta_off": 0.5}}}}},
    "monitors": [{"name": "eager", "declared_latency_s": 0.0}],
}
SPEC = {"thresholds": {"theta_on": 0.5, "theta_off": 0.5}, "takeover": {"reaction_s": 1.0}}


def score(raised_at: int | None) -> dict[str, np.ndarray]:
    raw = np.zeros(TICKS)
    if raised_at is not None:
        raw[raised_at:] = 1.0
    return {"eager": raw}


def shadow(pair: str, onset: int | None, raised_at: int | None) -> EpisodeData:
    ticks = ticks_of(TICKS, onset, scores=score(raised_at))
    return episode("shadow", pair, ticks=ticks, end_reason="departure" if onset else "route_end")


def twin(pair: str, onset: int | None, raised_at: int, handover: int, back: int | None = None) -> EpisodeData:
    taken = np.zeros(TICKS, dtype=bool)
    taken[handover:back] = True
    ticks = ticks_of(TICKS, onset, scores=score(raised_at), takeover=taken)
    made = episode("takeover:eager@fa0.50", pair, ticks=ticks, end_reason="departure" if onset else "route_end")
    return EpisodeData({**made.spec, **SPEC}, made.columns, made.events)


def mapped(pair: str, last_safe: int | None = 294, **changes: object) -> RescueRow:
    rescued = None if last_safe is None else TICKS
    known = {"replay_error_m": 0.0, "rescued_ticks": rescued, "last_safe_tick": last_safe}
    return RescueRow(f"{pair}/shadow", "map", tick_s=TICK_S, onset_tick=ONSET, **{"reason": "", **known, **changes})


def figures(episodes: list[EpisodeData], rows: list[RescueRow]) -> dict:
    judged = [judge_episode(one, watched_monitors(CAMPAIGN), for_rescue=True) for one in episodes]
    return summarise_judged(judged, CAMPAIGN, rows)["rescue"]


@pytest.fixture(scope="module")
def planted() -> dict:
    """In time, late, unsavable, lost, safe with a false alarm; two twins that agree and one that was handed back."""
    episodes = [
        shadow("in_time", ONSET, 200),
        shadow("late", ONSET, 285),
        shadow("unsavable", ONSET, 200),
        shadow("lost", ONSET, 200),
        shadow("safe", None, 200),
        shadow("nobody", ONSET, 200),
        episode("expert", "nobody", ticks=ticks_of(TICKS, ONSET), end_reason="departure"),
        twin("in_time", None, 200, 226),
        twin("late", ONSET, 285, 311),
        twin("safe", None, 200, 226),
        twin("unsavable", None, 200, 226, back=346),
    ]
    rows = [
        mapped("in_time", grid_ticks=(290, 294, 296), grid_saved=(True, True, False), check_tick=280, check_saved=True),
        mapped("late", grid_ticks=(290, 296), grid_saved=(False, True), check_tick=296, check_saved=True),
        mapped("unsavable", None),
        mapped("lost", None, reason="lost to the infrastructure: gone", replay_error_m=None),
    ]
    return figures(episodes, rows)


def test_departures_are_mapped_unmapped_or_out_of_every_figure(planted: dict) -> None:
    assert (planted["departures"], planted["mapped"], planted["safe_runs"]) == (4, 3, 1)
    assert planted["unmapped"] == {"lost to the infrastructure: gone": 1}
    assert (planted["savable"]["k"], planted["savable"]["n"], planted["unsavable"]) == (2, 3, 1)
    assert planted["savable_bounds"] == {"low": 0.5, "high": 0.75}
    assert planted["k_star_s"]["p50"] == pytest.approx(0.3)


def test_points_and_curves_tell_what_the_alarms_came_to(planted: dict) -> None:
    (monitor,) = planted["monitors"]
    point = next(entry for entry in monitor["points"] if entry["reaction_s"] == 1.0)
    assert {kind: point[kind] for kind in ("saved", "late", "handed_back", "silent", "unsavable")} == {
        **dict.fromkeys(("saved", "late", "unsavable"), 1),
        **dict.fromkeys(("handed_back", "silent"), 0),
    }
    assert (point["disturbed"], point["safe_runs"]) == (1, 1)
    curve = next(entry for entry in monitor["curves"] if entry["reaction_s"] == 1.0)
    assert curve["departures"] == 3 and max(curve["saved"]) == 2 and curve["saved"][0] == 0
    assert curve["sg"][-1] == pytest.approx(2 / 3)
    assert curve["low"][-1] < curve["sg"][-1] < curve["high"][-1]


def test_the_oracle_saves_what_can_be_saved_for_six_seconds_each(planted: dict) -> None:
    oracle = next(entry for entry in planted["oracle"] if entry["reaction_s"] == 1.0)
    assert (oracle["sg"]["k"], oracle["sg"]["n"]) == (2, 3)
    assert oracle["ac"] == pytest.approx(2 * (TICKS - 294) / (4 * TICKS))


def test_validity_counts_agreement_and_disagreement(planted: dict) -> None:
    validity = planted["validity"]
    assert validity["replay_error_m"] == 0.0 and validity["replayed"] == 3
    assert (validity["monotone"]["k"], validity["monotone"]["n"]) == (1, 2)
    assert (validity["real_takeovers"]["k"], validity["real_takeovers"]["n"]) == (1, 2)
    twins = validity["twins"]
    assert (twins["held"]["k"], twins["held"]["n"]) == (2, 2)
    assert (twins["handed_back"]["k"], twins["handed_back"]["n"]) == (0, 1)
    assert (twins["harmed"], twins["safe_runs_taken_over"]) == (0, 1)
    (gain,) = twins["saved"]
    assert [gain[key]["k"] for key in ("looked_up", "looked_up_held", "driven")] == [1, 1, 2]
    assert gain["driven"]["n"] == 3
    (cost,) = twins["ac"]
    assert cost["mode"] == "takeover:eager@fa0.50" and 0.0 < cost["looked_up"] < 1.0


def test_a_campaign_without_a_map_says_nothing() -> None:
    assert figures([shadow("one", ONSET, 200)], []) is None


def test_an_alarm_can_only_save_what_a_reaction_time_leaves() -> None:
    """t* is 1.5 s after the start: no alarm with a reaction time of 2.5 s can be in time."""
    early = RescueRow("a", "map", "", TICK_S, 50, 30, 0.0, TICKS)
    at = {entry["reaction_s"]: entry for entry in savable_figures([early])["savable_at"]}
    assert {reaction_s: entry["from_the_start"]["k"] for reaction_s, entry in at.items()} == {
        0.5: 1,
        1.0: 1,
        1.5: 0,
        2.5: 0,
    }
    # k* + ρ must fit into the horizon of 3 s as well.
    slow = RescueRow("b", "map", "", TICK_S, 300, 255, 0.0, TICKS)
    within = {entry["reaction_s"]: entry["within_horizon"]["k"] for entry in savable_figures([slow])["savable_at"]}
    assert within == {0.5: 1, 1.0: 0, 1.5: 0, 2.5: 0}


def test_the_table_survives_the_disk(tmp_path: Path) -> None:
    rows = [
        mapped("a", probe_ticks=(300, 295), probe_saved=(False, True), check_tick=280, check_saved=True),
        mapped("b", None, reason="lost", replay_error_m=None),
    ]
    write_rescue_table(tmp_path, rows)
    assert read_rescue_table(tmp_path) == rows
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_table_is_an_empty_map_and_a_damaged_one_an_error(tmp_path: Path) -> None:
    assert read_rescue_table(tmp_path) == []
    (tmp_path / "rescue.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(RescueTableError, match=r"rescue\.parquet is damaged .*: delete it and map the campaign again"):
        read_rescue_table(tmp_path)
