"""A campaign is planned the same way from its file and from its folder, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.network_file import save_network
from agents.pilotnet import PilotNet
from agents.preprocessing import Preprocessing
from harness.cluster.campaign_plan import ResumeError, plan_campaign, plan_resumed, require_same
from harness.cluster.campaign_run import RunOptions, run_campaign
from harness.results.store import CampaignStore, StoreError
from tests.campaign_process import EPISODES, REPOSITORY, scenario_file


def stored(folder: Path, scenario: Path, **changes: Any) -> Path:
    """A campaign folder as it is before its first episode."""
    plan = plan_campaign(scenario)
    campaign = {
        "campaign_id": plan.campaign_id,
        "spec": plan.spec.model_dump(mode="json"),
        "limit": plan.limit,
        "agent": plan.agent,
        "monitors": plan.monitors,
        "thresholds": plan.thresholds,
    }
    with CampaignStore.create(folder) as store:
        store.write_campaign({**campaign, **changes})
    return folder


def test_the_folder_gives_the_plan_of_the_file(tmp_path: Path) -> None:
    scenario = scenario_file(tmp_path)
    plan = plan_campaign(scenario)
    assert len(plan.episodes) == EPISODES == len({episode.episode_id for episode in plan.episodes})
    assert plan_resumed(stored(tmp_path / "results", scenario)) == plan


def test_the_order_of_what_is_swept_and_the_tier_survive_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "tiers.yaml"
    swept = "{effect: banding, sweep: {modulation: [0.2, 0.5], frequency_hz: [50, 100]}}"
    tiers = "sample: {pairs: {smoke: 2, broad: 3}}\ntier: broad\n"
    before, _, rest = scenario_file(tmp_path).read_text().partition("conditions:")
    after = rest.partition("agent:")[2]
    path.write_text(f"{before}conditions: [{{name: bands, effects: [{swept}]}}]\nagent:{after}{tiers}")
    plan = plan_campaign(path)
    assert any(episode.condition.startswith("bands_0.") for episode in plan.episodes) and plan.spec.tier == "broad"
    assert plan_resumed(stored(tmp_path / "results", path)) == plan


def test_a_campaign_without_networks_is_driven_without_loading_pytorch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from harness.cluster.campaign_plan import plan_campaign;"
        "from harness.cluster.shipping import with_networks; import harness.simulation.episode;"
        "print(with_networks(plan_campaign(Path(sys.argv[1])).episodes), 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(scenario_file(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.split() == ["False", "False"]


def test_a_limit_cuts_the_list_and_stays_the_same_campaign(tmp_path: Path) -> None:
    scenario = scenario_file(tmp_path)
    whole, cut = plan_campaign(scenario), plan_campaign(scenario, limit=3)
    assert cut.episodes == whole.episodes[:3] and cut.campaign_id == whole.campaign_id
    folder = stored(tmp_path / "results", scenario, limit=3)
    assert len(plan_resumed(folder).episodes) == 3
    assert len(plan_resumed(folder, limit=5).episodes) == 5


def test_another_scenario_is_not_mixed_in(tmp_path: Path) -> None:
    scenario = scenario_file(tmp_path)
    folder = stored(tmp_path / "results", scenario)
    with pytest.raises(ResumeError, match="changed: the scenario or the program"):
        require_same(plan_campaign(scenario, ["duration_s=9"]), folder)


def test_changed_weights_are_named(tmp_path: Path) -> None:
    scenario = scenario_file(tmp_path)
    agent = {**plan_campaign(scenario).agent, "weights_sha256": "0" * 64}
    folder = stored(tmp_path / "results", scenario, campaign_id="another", agent=agent)
    with pytest.raises(ResumeError, match="weights of "):
        plan_resumed(folder)


def test_a_folder_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    folder = stored(tmp_path / "results", scenario_file(tmp_path))
    with CampaignStore.open(folder), pytest.raises(StoreError, match="in use by another run"):
        run_campaign(RunOptions(resume=folder))


def test_the_plan_says_what_weights_were_trained_on_without_changing_the_episodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = tmp_path / "driver.safetensors"
    scenario, home = scenario_file(tmp_path), {"simulator": "embedded_carla", "scene_version": 3}
    save_network(weights, PilotNet(), Preprocessing(), "driver", home)
    named = plan_campaign(scenario, ["agent=driver.safetensors"])
    assert named.agent["trained_on"] == home
    assert [monitor["trained_on"] for monitor in named.monitors] == [None, None]
    weights.with_suffix(".json").unlink()
    unnamed = plan_campaign(scenario, ["agent=driver.safetensors"])
    assert unnamed.agent["trained_on"] is None
    assert unnamed.episodes == named.episodes and unnamed.campaign_id == named.campaign_id
    assert plan_campaign(scenario).agent["trained_on"] is None
