"""One episode judged: everything a campaign's figures need of it, without its ticks.

Judging one episode needs no other one, so a campaign is judged in parallel; what does depend on others (which worlds
are unavoidable, which runs are twins) is decided when the judged episodes come together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts, facts_of
from harness.evaluation.event_metrics import Exposure
from harness.evaluation.label_agreement import AgreementCounts, agreement_counts
from harness.evaluation.modes import LOG, SHADOW, TAKEOVER_PREFIX
from harness.evaluation.monitor_runs import MonitorRun, judge_monitor, run_ground
from harness.evaluation.monitor_tables import WatchedMonitors
from harness.evaluation.notice import Notice, notice_of
from harness.evaluation.paper_parity import ParityRun, parity_run
from harness.evaluation.rescue_figures import RescueTrace, rescue_trace
from harness.evaluation.timing import TimingSums
from harness.evaluation.twins import TwinTrace, twin_trace


@dataclass(frozen=True)
class JudgedShadow:
    """What only shadow runs have: time that counts, notice of events, the monitors, the experts' agreement."""

    exposure: Exposure
    events_masked: int
    notice: Notice
    monitors: Mapping[str, MonitorRun]
    agreement: AgreementCounts | None


@dataclass(frozen=True)
class JudgedEpisode:
    """One episode without its ticks.

    Attributes:
        facts: what it was and how it ended.
        timing: wall-clock sums.
        trace: what twins must share; shadow and takeover runs only.
        parity: frames of the paper's table; shadow and log runs only.
        shadow: monitors and zones; shadow runs only.
        rescue: what look-ups in the rescue map need; shadow and takeover runs of a mapped campaign only.
    """

    facts: EpisodeFacts
    timing: TimingSums
    trace: TwinTrace | None = None
    parity: ParityRun | None = None
    shadow: JudgedShadow | None = None
    rescue: RescueTrace | None = None


def judge_episode(episode: EpisodeData, monitors: WatchedMonitors, for_rescue: bool = False) -> JudgedEpisode:
    """Judge one episode; ``for_rescue``: its campaign has a rescue map.

    Raises:
        EpisodeDataError: the record lacks what its evaluation needs, or a tick was lost.
    """
    if not episode.is_missing:
        episode.check_ticks()
    facts, timing = facts_of(episode), TimingSums()
    timing.add(episode)
    if facts.is_missing or episode.tick_count == 0:
        return JudgedEpisode(facts, timing)
    if facts.mode == LOG:
        return JudgedEpisode(facts, timing, parity=parity_run(episode))
    rescue = rescue_trace(episode, facts) if for_rescue else None
    if facts.mode == SHADOW:
        return JudgedEpisode(
            facts, timing, twin_trace(episode), parity_run(episode), _shadow(episode, monitors), rescue
        )
    if facts.mode.startswith(TAKEOVER_PREFIX):
        return JudgedEpisode(facts, timing, twin_trace(episode), rescue=rescue)
    return JudgedEpisode(facts, timing)


def _shadow(episode: EpisodeData, monitors: WatchedMonitors) -> JudgedShadow:
    # The shifts depend on the run alone, so no figure depends on the order of the episodes.
    ground = run_ground(episode, shift_seed=_seed_of(episode.episode_id))
    judged = {name: judge_monitor(episode, name, monitors.watched(name), ground) for name in episode.monitors}
    zones = ground.main.zones
    notice = notice_of(zones, episode.column("sensor_level"), episode.tick_s)
    return JudgedShadow(ground.main.exposure, zones.events_masked, notice, judged, agreement_counts(episode))


def _seed_of(episode_id: str) -> int:
    return int.from_bytes(hashlib.sha256(episode_id.encode()).digest()[:8], "big")
