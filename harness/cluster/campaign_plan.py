"""From a scenario file, or from the folder of an interrupted campaign, to the list of episodes to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.registry import make_agent, make_monitor
from agents.thresholds import load_thresholds
from harness.campaign.episode_filter import filtered
from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.expansion import expand
from harness.campaign.identity import short_hash
from harness.campaign.loader import load_campaign
from harness.campaign.spec import CampaignSpec
from harness.results.store import StoreError, read_campaign_json


class ResumeError(StoreError):
    """The campaign in this folder cannot be continued with what is installed now."""


@dataclass(frozen=True)
class CampaignPlan:
    """What will run.

    Attributes:
        spec: the campaign.
        campaign_id: hash of every episode id, before ``filters`` and ``limit``: plans with one id are one campaign.
        episodes: in the order of the expansion, those that ``filters`` let through, cut to ``limit``.
        limit: None for all.
        agent: who drives: ``name privileged weights_sha256 trained_on``; the last is ``{simulator, scene_version}``
            of the pictures, None without weights or where nothing says it.
        monitors: who watches, the same with ``unit declared_latency_s``.
        thresholds: frozen operating points of the monitors.
        filters: ``key=pattern`` texts, see `harness.campaign.episode_filter`.
    """

    spec: CampaignSpec
    campaign_id: str
    episodes: list[EpisodeSpec]
    limit: int | None
    agent: dict[str, Any]
    monitors: list[dict[str, Any]]
    thresholds: dict[str, Any]
    filters: tuple[str, ...] = ()


def plan_campaign(
    scenario: Path, overrides: Sequence[str] = (), limit: int | None = None, filters: Sequence[str] = ()
) -> CampaignPlan:
    """Plan a scenario file.

    Raises:
        ScenarioError: the file, an override, a filter or what they ask for cannot be used.
        UnknownNameError, WeightsError: an agent or monitor cannot be loaded.
    """
    return _plan(load_campaign(scenario, overrides), limit, filters)


def plan_resumed(folder: Path, limit: int | None = None) -> CampaignPlan:
    """Plan what a campaign folder holds, from the spec stored there.

    Args:
        folder: with ``campaign.json``.
        limit: replaces the stored one if given.

    Raises:
        StoreError: no campaign there.
        ResumeError: the same spec gives other episodes today.
    """
    stored = read_campaign_json(folder)
    try:
        spec = CampaignSpec.model_validate(stored["spec"])
    except (KeyError, ValidationError) as error:
        raise ResumeError(f"{folder}: its campaign was written by another version: {error}") from error
    plan = _plan(spec, limit if limit is not None else stored.get("limit"), stored.get("filters") or ())
    require_same(plan, folder)
    return plan


def require_same(plan: CampaignPlan, folder: Path) -> None:
    """Refuse to mix two campaigns in one folder.

    Raises:
        ResumeError: the folder holds another campaign than the plan.
    """
    stored = read_campaign_json(folder)
    if stored.get("campaign_id") == plan.campaign_id:
        return
    now = [plan.agent, *plan.monitors]
    before = [stored.get("agent"), *(stored.get("monitors") or [])]
    changed = [f"weights of {part['name']}" for part in now if part not in before]
    if stored.get("thresholds") != plan.thresholds:
        changed.append("thresholds")
    raise ResumeError(
        f"{folder} holds a campaign whose episodes are no longer the same"
        f" (changed: {', '.join(changed) or 'the scenario or the program'}); "
        "restore what changed, or start a new campaign"
    )


def _plan(spec: CampaignSpec, limit: int | None, filters: Sequence[str] = ()) -> CampaignPlan:
    agent = _described(make_agent(spec.agent), "privileged", "weights_sha256")
    monitors = {
        name: _described(make_monitor(name), "privileged", "weights_sha256", "unit", "declared_latency_s")
        for name in spec.monitors
    }
    if spec.metrics:
        _require_metrics(spec.metrics)
    thresholds = load_thresholds()
    episodes = expand(
        spec,
        agent_hash=lambda _name: agent["weights_sha256"],
        monitor_hash=lambda name: monitors[name]["weights_sha256"],
        thresholds=thresholds,
    )
    campaign_id = short_hash([episode.episode_id for episode in episodes])
    chosen = filtered(episodes, filters)[:limit]
    return CampaignPlan(spec, campaign_id, chosen, limit, agent, list(monitors.values()), thresholds, tuple(filters))


def _require_metrics(names: Sequence[str]) -> None:
    """A name that leads nowhere must show before the driving, not after."""
    from harness.evaluation.own_metrics import make_metric  # the whole evaluation: only where a campaign has metrics

    for name in names:
        make_metric(name)


def _described(part: Any, *attributes: str) -> dict[str, Any]:
    """An agent or monitor in words; its ``name`` is the one in the columns of tables."""
    described = {name: getattr(part, name) for name in ("name", *attributes)}
    return {**described, "trained_on": _trained_on(getattr(part, "weights_path", None))}


def _trained_on(weights_path: Path | None) -> dict[str, Any] | None:
    if weights_path is None:
        return None
    # Only where there are weights, and so PyTorch anyway: a campaign without any must not wait for its start-up.
    from agents.weights_io import trained_on

    return trained_on(Path(weights_path))
