"""A campaign's episodes become ``summary.json``: one pass over the records, then every figure of the protocol."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.evaluation.departure_tables import departure_tables
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts, facts_of
from harness.evaluation.label_agreement import LabelAgreement
from harness.evaluation.monitor_tables import MonitorTables
from harness.evaluation.paper_parity import PAPER_TPR_PERCENT, ParityFrames
from harness.evaluation.safety_gain import EXPERT, SHADOW, TAKEOVER_PREFIX, safety_gain, unavoidable_worlds
from harness.evaluation.timing import TimingSums
from harness.evaluation.twins import TwinTrace, twin_trace
from harness.evaluation.verdict import judge
from harness.evaluation.zones import Zones

SUMMARY_SCHEMA_VERSION = 1
METRIC_VERSIONS = {
    "departures": 1,
    "alarms": 1,
    "zones": 1,
    "event_metrics": 1,
    "ranking": 1,
    "paper_parity": 1,
    "safety_gain": 1,
}
LOG = "log"
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
    """Every figure of a campaign.

    Args:
        episodes: all finished episodes, read one by one. A shadow run waits for the expert run of its world,
            wherever that stands in the order.
        campaign: content of ``campaign.json``; read here: ``thresholds``, ``monitors`` (``name unit privileged
            declared_latency_s`` each), ``criteria`` and what names the campaign.

    Returns:
        The content of ``summary.json``: JSON values only, no NaN.

    Raises:
        EpisodeDataError: a record lacks what its evaluation needs, or two episodes are the same run.
        CriterionError: a criterion of the campaign is malformed.
    """
    collection = _Collection(campaign)
    for episode in episodes:
        collection.add(episode)
    return collection.summary()


class _Collection:
    """What is kept while the records pass by: judged figures, and the shadow runs that still wait for
    their expert."""

    def __init__(self, campaign: Mapping[str, Any]) -> None:
        self._campaign = campaign
        self._facts: list[EpisodeFacts] = []
        self._traces: dict[str, TwinTrace] = {}
        self._expert_seen: set[str] = set()
        self._unavoidable: set[str] = set()
        self._waiting: dict[str, list[EpisodeData]] = {}
        self._monitors = MonitorTables(campaign.get("thresholds"), campaign.get("monitors") or [], BOOTSTRAP_SEED)
        self._zones: list[tuple[float, Zones]] = []
        self._on_policy, self._log_based = ParityFrames(), ParityFrames()
        self._agreement = LabelAgreement()
        self._timing = TimingSums()

    def add(self, episode: EpisodeData) -> None:
        if not episode.is_missing:
            episode.check_ticks()
        facts = facts_of(episode)
        self._facts.append(facts)
        self._timing.add(episode)
        if facts.mode == EXPERT:
            self._expert_seen.add(facts.world_id)
            self._unavoidable |= unavoidable_worlds([facts])
            self._release(facts.world_id)
        if facts.is_missing or len(episode.ticks) == 0:
            return
        if facts.mode == SHADOW or facts.mode.startswith(TAKEOVER_PREFIX):
            self._traces[facts.episode_id] = twin_trace(episode)
        if facts.mode == LOG:
            self._log_based.add(episode)
        elif facts.mode == SHADOW:
            self._waiting.setdefault(facts.world_id, []).append(episode)
            if facts.world_id in self._expert_seen:
                self._release(facts.world_id)

    def _release(self, world_id: str) -> None:
        """Judge the waiting shadow runs of a world, unless nobody could have stayed in the lane there."""
        waiting = self._waiting.pop(world_id, [])
        if world_id in self._unavoidable:
            return
        for episode in waiting:
            self._zones.append((episode.tick_s, self._monitors.add(episode, len(self._zones))))
            self._on_policy.add(episode)
            self._agreement.add(episode)

    def summary(self) -> dict[str, Any]:
        for world_id in list(self._waiting):
            self._release(world_id)
        counted = [
            f for f in self._facts if f.mode == SHADOW and not f.is_missing and f.world_id not in self._unavoidable
        ]
        summary: dict[str, Any] = {
            "schema_version": SUMMARY_SCHEMA_VERSION,
            "metric_versions": METRIC_VERSIONS,
            "campaign": {key: self._campaign[key] for key in CAMPAIGN_KEYS if key in self._campaign},
            "counts": _counts(self._facts, counted, self._unavoidable, self._zones),
            "departures": departure_tables(counted),
            "monitors": self._monitors.figures(),
            "paper_parity": {
                "on_policy": self._on_policy.figures(BOOTSTRAP_SEED),
                "log_based": self._log_based.figures(BOOTSTRAP_SEED),
                "paper": PAPER_TPR_PERCENT,
            },
            "safety_gain": safety_gain(self._facts, self._traces, BOOTSTRAP_SEED),
            "label_agreement": self._agreement.figures(BOOTSTRAP_SEED),
            "timing": self._timing.figures(),
        }
        summary["verdict"] = judge(summary, self._campaign.get("criteria") or [])
        # A NaN or a NumPy scalar must fail here, not in whoever reads the file.
        plain: dict[str, Any] = json.loads(json.dumps(summary, allow_nan=False, default=_plain))
        return plain


def _counts(
    facts: Sequence[EpisodeFacts],
    counted: Sequence[EpisodeFacts],
    unavoidable: set[str],
    zones: Sequence[tuple[float, Zones]],
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
        "nominal_minutes": sum(float(z.nominal.sum()) * tick_s for tick_s, z in zones) / 60.0,
        "degraded_safe_minutes": sum(float(z.degraded_safe.sum()) * tick_s for tick_s, z in zones) / 60.0,
        "events_masked": sum(z.events_masked for _, z in zones),
    }


def _plain(value: Any) -> Any:
    """NumPy scalars as Python numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not belong into a summary")
