"""A campaign's episodes become ``summary.json``: each is judged alone, then every figure of the protocol follows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.evaluation.calibration_overlap import overlap_warnings
from harness.evaluation.departure_tables import campaign_warnings, departure_tables
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts
from harness.evaluation.judged_episode import JudgedEpisode, JudgedShadow, judge_episode
from harness.evaluation.label_agreement import agreement_figures
from harness.evaluation.modes import EXPERT, LOG, SHADOW, TAKEOVER_PREFIX
from harness.evaluation.monitor_tables import MonitorTables, WatchedMonitors
from harness.evaluation.notice import notice_figures
from harness.evaluation.own_metrics import MeasuredMetric, own_metric_figures
from harness.evaluation.paper_parity import PAPER_TPR_PERCENT, parity_figures
from harness.evaluation.parameter_space_figures import parameter_space_figures, space_of
from harness.evaluation.rate_claims import rate_claims
from harness.evaluation.rescue_figures import rescue_figures
from harness.evaluation.rescue_table import RescueRow, savable_by_id
from harness.evaluation.safety_gain import safety_gain, unavoidable_worlds
from harness.evaluation.statistics.independence import independent_units
from harness.evaluation.timing import TimingSums
from harness.evaluation.verdict import judge

SUMMARY_SCHEMA_VERSION = 1
METRIC_VERSIONS = {
    "departures": 1,
    "alarms": 1,
    "zones": 2,
    "notice": 1,
    "event_metrics": 2,
    "windows": 1,
    "probability": 1,
    "ranking": 1,
    "paper_parity": 1,
    "safety_gain": 1,
    "rescue": 1,
    "parameter_space": 2,
}
CAMPAIGN_KEYS = (
    "name",
    "campaign_id",
    "scenario",
    "simulator",
    "agent",
    "created_at",
    "provenance",
    "status",
)
BOOTSTRAP_SEED = 20_240_229


def summarise(episodes: Iterable[EpisodeData], campaign: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure of a campaign, from its records.

    Args:
        episodes: all finished episodes, read one by one, in any order.
        campaign: content of ``campaign.json``; see :func:`summarise_judged`.

    Raises:
        EpisodeDataError: a record lacks what its evaluation needs, or two episodes are the same run.
        CriterionError: a criterion of the campaign is malformed.
    """
    monitors = watched_monitors(campaign)
    return summarise_judged([judge_episode(episode, monitors) for episode in episodes], campaign)


def watched_monitors(campaign: Mapping[str, Any]) -> WatchedMonitors:
    """The monitors and operating points that a campaign brought along."""
    return WatchedMonitors(campaign.get("thresholds"), campaign.get("monitors") or [])


def summarise_judged(
    judged: Sequence[JudgedEpisode],
    campaign: Mapping[str, Any],
    rescue_map: Sequence[RescueRow] = (),
    own_metrics: Sequence[MeasuredMetric] = (),
) -> dict[str, Any]:
    """Every figure of a campaign.

    Args:
        judged: all finished episodes.
        campaign: content of ``campaign.json``; read here: ``thresholds``, ``monitors`` (``name unit privileged
            declared_latency_s`` each), ``criteria`` and what names the campaign.
        rescue_map: its rows; empty where none was made.
        own_metrics: a user's own, measured in every shadow run.

    Returns:
        The content of ``summary.json``: JSON values only, no NaN.

    Raises:
        EpisodeDataError: two episodes are the same run.
        CriterionError: a criterion of the campaign is malformed.
    """
    facts = [episode.facts for episode in judged]
    unavoidable = unavoidable_worlds(facts)
    shadows = [e for e in judged if e.shadow is not None and e.facts.world_id not in unavoidable]
    counted = [f for f in facts if f.mode == SHADOW and not f.is_missing and f.world_id not in unavoidable]
    lost = sum(f.mode == SHADOW and f.is_missing and f.world_id not in unavoidable for f in facts)
    traces = {episode.facts.episode_id: episode.trace for episode in judged if episode.trace is not None}
    timing = TimingSums()
    for episode in judged:
        timing.merge(episode.timing)
    summary: dict[str, Any] = {
        "schema_version": SUMMARY_SCHEMA_VERSION,
        "metric_versions": METRIC_VERSIONS,
        "campaign": {key: campaign[key] for key in CAMPAIGN_KEYS if key in campaign},
        "counts": _counts(facts, counted, unavoidable, [e.shadow for e in shadows if e.shadow is not None]),
        "departures": departure_tables(counted, lost, BOOTSTRAP_SEED),
        "notice": _notice(shadows),
        "monitors": _monitors(shadows, campaign, lost),
        "paper_parity": {
            "on_policy": _parity(shadows),
            "log_based": _parity([episode for episode in judged if episode.facts.mode == LOG]),
            "paper": PAPER_TPR_PERCENT,
        },
        "safety_gain": safety_gain(facts, traces, BOOTSTRAP_SEED, savable_by_id(rescue_map)),
        "rescue": rescue_figures(rescue_map, [e.rescue for e in judged if e.rescue], unavoidable, campaign),
        "label_agreement": _agreement(shadows),
        "parameter_space": parameter_space_figures(space_of(campaign), facts, unavoidable),
        "own_metrics": own_metric_figures(own_metrics, counted, BOOTSTRAP_SEED),
        "timing": timing.figures(),
        "warnings": [*campaign_warnings(counted), *overlap_warnings(counted, campaign)],
    }
    criteria = campaign.get("criteria") or []
    summary["rate_claims"] = rate_claims(summary, criteria)
    summary["verdict"] = judge(summary, criteria)
    # A NaN or a NumPy scalar must fail here, not in whoever reads the file.
    plain: dict[str, Any] = json.loads(json.dumps(summary, allow_nan=False, default=_plain))
    return plain


def _notice(shadows: Sequence[JudgedEpisode]) -> dict[str, Any]:
    runs = [(episode.shadow.notice, episode.facts.condition) for episode in shadows if episode.shadow is not None]
    return notice_figures([run for run, _ in runs], [condition for _, condition in runs], BOOTSTRAP_SEED)


def _monitors(shadows: Sequence[JudgedEpisode], campaign: Mapping[str, Any], missing_runs: int) -> list[dict[str, Any]]:
    tables = MonitorTables(watched_monitors(campaign), BOOTSTRAP_SEED, missing_runs)
    for episode in shadows:
        assert episode.shadow is not None
        for name, run in episode.shadow.monitors.items():
            tables.add(name, run, episode.shadow.exposure, episode.facts.condition)
    return tables.figures()


def _parity(episodes: Sequence[JudgedEpisode]) -> dict[str, Any] | None:
    runs = [(episode.parity, episode.facts.condition) for episode in episodes if episode.parity is not None]
    return parity_figures([run for run, _ in runs], [condition for _, condition in runs], BOOTSTRAP_SEED)


def _agreement(shadows: Sequence[JudgedEpisode]) -> dict[str, Any] | None:
    runs = [(e.shadow.agreement, e.facts.condition) for e in shadows if e.shadow and e.shadow.agreement]
    return agreement_figures([run for run, _ in runs], [condition for _, condition in runs], BOOTSTRAP_SEED)


def _counts(
    facts: Sequence[EpisodeFacts],
    counted: Sequence[EpisodeFacts],
    unavoidable: set[str],
    shadows: Sequence[JudgedShadow],
) -> dict[str, Any]:
    experts = [f for f in facts if f.mode == EXPERT]
    worlds = {f.world_id for f in facts if f.mode == SHADOW}
    return {
        "episodes": len(facts),
        "by_outcome": dict(sorted(Counter(f.outcome for f in facts).items())),
        "by_mode": dict(sorted(Counter(f.mode for f in facts).items())),
        "by_end_reason": dict(sorted(Counter(str(f.end_reason) for f in facts).items())),
        "shadow_runs": len(counted),
        "pairs": len({f.pair for f in facts if f.mode == SHADOW or f.mode.startswith(TAKEOVER_PREFIX)}),
        "unavoidable": len({f.pair for f in facts if f.mode == SHADOW and f.world_id in unavoidable}),
        "unavoidable_worlds": len(unavoidable),
        "worlds_without_expert_run": len(worlds - {f.world_id for f in experts if not f.is_missing}),
        "missing": sum(f.is_missing for f in facts),
        "km": sum(f.km for f in counted),
        "minutes": sum(f.run_s for f in counted) / 60.0,
        "km_all_modes": sum(f.km for f in facts),
        "departures": sum(f.departed for f in counted),
        "nominal_minutes": sum(run.exposure.nominal_s for run in shadows) / 60.0,
        "degraded_safe_minutes": sum(run.exposure.degraded_s for run in shadows) / 60.0,
        "events_masked": sum(run.events_masked for run in shadows),
        "independent_units": independent_units(1000.0 * sum(f.km for f in counted)),
    }


def _plain(value: Any) -> Any:
    """NumPy scalars as Python numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not belong into a summary")
