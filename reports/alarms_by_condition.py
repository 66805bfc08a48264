"""How well the failure predictors warned under each condition: the summary pools them, a test engineer must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.evaluation.alarms import alarm_from_statistic, final_statistic
from harness.evaluation.departures import find_departures
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import facts_of
from harness.evaluation.event_metrics import RunAlarms, judge_run
from harness.evaluation.rates import Rate, per_exposure, proportion
from harness.evaluation.safety_gain import EXPERT, SHADOW, unavoidable_worlds
from harness.evaluation.zones import find_zones
from reports.campaign_data import CampaignData
from reports.evidence import OperatingPoint

MAX_MONITORS = 3


def alarms_by_condition(
    data: CampaignData, points: Mapping[str, OperatingPoint], monitors: Sequence[str]
) -> dict[str, dict[str, dict[str, Rate]]]:
    """Recall of detectable departures and false alarms per minute, by condition and monitor.

    Args:
        data: the campaign.
        points: thresholds and latency by monitor.
        monitors: which to judge; at most the first three, every shadow run is read for them.

    Returns:
        condition -> monitor -> ``{"recall": rate, "false_per_min": rate}``; the same runs count as in the summary
        (nothing missing, no unavoidable world).
    """
    judged: dict[str, dict[str, list[RunAlarms]]] = {}
    wanted = [name for name in monitors if name in points][:MAX_MONITORS]
    if not wanted:
        return {}
    out = _unavoidable(data)
    for row in data.episodes:
        if row["mode"] != SHADOW or row["world_id"] in out or row["episode_id"] not in data.entries:
            continue
        episode = data.record(str(row["episode_id"]))
        if not episode.is_missing and len(episode.ticks):
            _add(episode, points, wanted, judged.setdefault(episode.condition, {}))
    return {
        condition: {name: _rates(runs) for name, runs in by_monitor.items()} for condition, by_monitor in judged.items()
    }


def _unavoidable(data: CampaignData) -> set[str]:
    experts = [row for row in data.episodes if row["mode"] == EXPERT and row.get("departures")]
    records = [data.record(str(row["episode_id"])) for row in experts if row["episode_id"] in data.entries]
    return unavoidable_worlds([facts_of(record) for record in records])


def _add(
    episode: EpisodeData,
    points: Mapping[str, OperatingPoint],
    wanted: Sequence[str],
    into: dict[str, list[RunAlarms]],
) -> None:
    tick_s = episode.tick_s
    departures = find_departures(episode.ticks, tick_s)
    zones = find_zones(departures, episode.column("odd_mask"), episode.column("sensor_level"), tick_s)
    for name in set(wanted) & set(episode.monitors):
        statistic = final_statistic(episode.raw_score(name), tick_s)
        point = points[name]
        alarm = alarm_from_statistic(statistic, point.theta_on, point.theta_off, tick_s, point.declared_latency_s)
        judged = judge_run(alarm, zones, episode.column("speed_mps"), tick_s, shift_seed=0)
        into.setdefault(name, []).append(judged)


def _rates(runs: Sequence[RunAlarms]) -> dict[str, Any]:
    return {
        "recall": proportion(sum(run.hits_detectable for run in runs), sum(run.detectable for run in runs)),
        "false_per_min": per_exposure(
            sum(run.false_alarms for run in runs), sum(run.negative_s for run in runs) / 60.0
        ),
    }
