"""Each extension point with its documented example, by class name and by the short name of an installed package."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from agents.errors import UnknownNameError
from agents.pilotnet import PilotNet
from agents.protocol import Agent, Monitor
from agents.registry import agent_names, make_agent, make_monitor, monitor_names
from agents.saliency.method import attention
from agents.saliency.methods import METHODS, find_method
from harness.campaign.catalogue import KINDS, catalogue, listing
from harness.evaluation.episode_data import EpisodeData
from harness.evaluation.episode_facts import EpisodeFacts, facts_of
from harness.evaluation.own_metrics import MeasuredMetric, make_metric, own_metric_figures
from reports.campaign_data import CampaignData
from reports.own_sections import make_section, own_sections
from sensor_sim.chain import SensorChain
from sensor_sim.effects import EFFECTS, effect_class
from sensor_sim.frame_context import FrameContext
from sensor_sim.schedule import EffectSchedule, SensorSchedule
from tests.harness.evaluation import synthetic

EXAMPLES = {
    "agents": ("centre", "examples.centre_keeper:CentreKeeper"),
    "monitors": ("change", "examples.frame_change_monitor:FrameChangeMonitor"),
    "saliency": ("grad_input", "examples.input_saliency:GradientTimesInput"),
    "effects": ("interlace", "examples.interlacing:Interlacing"),
    "metrics": ("restless", "examples.smoothness_metric:SteeringRestlessness"),
    "sections": ("longest", "examples.longest_runs_section:LongestRuns"),
}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that announces every example, as `pip install` would leave it."""
    info = tmp_path / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    groups = [f"[closed_loop_harness.{kind}]\n{name} = {target}\n" for kind, (name, target) in EXAMPLES.items()]
    (info / "entry_points.txt").write_text("\n".join(groups))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_lists_what_an_installed_package_announces(kind: str, installed: None) -> None:
    name = EXAMPLES[kind][0]
    (entry,) = [entry for entry in catalogue(kind) if entry.plug_in]
    assert entry.name == name and entry.summary and "cannot be loaded" not in entry.summary
    assert f"{entry.summary} (plug-in)" in listing(kind)


def test_without_plug_ins_the_lists_hold_what_is_shipped() -> None:
    shown = {kind: [entry.name for entry in catalogue(kind)] for kind in KINDS}
    assert shown["agents"] == agent_names() and shown["monitors"] == monitor_names()
    assert shown["effects"] == list(EFFECTS) and shown["saliency"] == sorted(METHODS)
    assert shown["metrics"] == shown["sections"] == []
    assert all(entry.summary for kind in KINDS for entry in catalogue(kind))


@pytest.mark.parametrize("way", [0, 1], ids=["short name", "class"])
def test_each_example_is_found_and_is_what_it_says(way: int, installed: None) -> None:
    named = {kind: names[way] for kind, names in EXAMPLES.items()}
    assert isinstance(make_agent(named["agents"]), Agent)
    assert isinstance(make_monitor(named["monitors"]), Monitor)
    assert find_method(named["saliency"]).name == "gradient_times_input"
    assert effect_class(named["effects"]).__name__ == "Interlacing"
    assert make_metric(named["metrics"]).unit == "degrees per second"
    assert make_section(named["sections"]).title == "Longest runs"


def test_a_shipped_name_wins_over_an_announced_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[closed_loop_harness.agents]\nexpert = nowhere:Nothing\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert make_agent("expert").name == "expert"


def test_names_that_lead_nowhere_are_refused_with_help(installed: None) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'restless'"):
        make_metric("restles")
    with pytest.raises(UnknownNameError, match="is no metric"):
        make_metric("examples.longest_runs_section:LongestRuns")
    with pytest.raises(UnknownNameError, match="unknown saliency method 'gradcam'"):
        find_method("gradcam")


def test_the_example_saliency_sums_to_gradient_times_input() -> None:
    torch.manual_seed(1)
    network, inputs = PilotNet(), torch.rand(1, 3, 66, 200) * 255
    maps = attention(find_method(EXAMPLES["saliency"][1]), network, inputs).maps
    assert maps.shape == (1, 1, 66, 200) and float(maps.min()) == 0.0 and float(maps.max()) == 1.0


def test_the_example_effect_mixes_odd_rows_of_the_frame_before() -> None:
    entry = EffectSchedule(EXAMPLES["effects"][1], {"share": 1.0})
    chain = SensorChain(SensorSchedule((entry,)), 8, 4, 90.0, 0.05)
    chain.reset(1)
    dark, bright = np.zeros((4, 8, 3), np.uint8), np.full((4, 8, 3), 200, np.uint8)
    chain.apply(dark, FrameContext(0, 0.05, 10.0, 0.0))
    seen = chain.apply(bright, FrameContext(1, 0.05, 10.0, 0.0))
    assert (seen[0::2] == 200).all() and (seen[1::2] == 0).all()


def restless_run(slope_dps: float) -> EpisodeData:
    ticks = pd.DataFrame({"swa_command_deg": np.arange(20) * 0.05 * slope_dps})
    return EpisodeData.of_frames({"episode_id": "e", "tick_s": 0.05}, ticks, {"outcome": "completed"})


def test_the_example_metric_is_the_speed_of_a_ramp() -> None:
    assert make_metric(EXAMPLES["metrics"][1]).of_episode(restless_run(40.0)) == pytest.approx(40.0)


def facts(episode_id: str, condition: str) -> EpisodeFacts:
    return facts_of(synthetic.episode(pair=episode_id, ticks=synthetic.ticks_of(40), condition=condition))


def test_own_metrics_are_means_over_runs_with_their_undefined_ones_counted() -> None:
    counted = [facts(f"e{k}", "noise" if k % 2 else "ideal") for k in range(12)]
    values: dict[str, float | None] = {f"e{k}/shadow": float(k) for k in range(10)}
    values |= {"e10/shadow": None, "e11/shadow": None, "unavoidable/shadow": 1000.0}
    measured = [MeasuredMetric("m", "m", "m/s", 3, values), MeasuredMetric("n", "n", None, None, {}, "no module")]
    good, bad = own_metric_figures(measured, counted, seed=1)
    assert good["mean"]["value"] == pytest.approx(4.5) and good["mean"]["n"] == 10 and good["undefined"] == 2
    assert good["mean"]["low"] < 4.5 < good["mean"]["high"]
    assert [(row["condition"], row["mean"]["value"]) for row in good["by_condition"]] == [
        ("ideal", 4.0),
        ("noise", 5.0),
    ]
    assert bad["mean"] is None and bad["problem"] == "no module" and bad["undefined"] is None


def test_own_sections_are_made_and_broken_ones_say_why(tmp_path: Path) -> None:
    rows = [
        {"road": "<b>", "condition": "ideal", "mode": "shadow", "distance_m": distance}
        for distance in (10.0, None, 90.0)
    ]
    names = [EXAMPLES["sections"][1], "examples.longest_runs_section:Missing"]
    data = CampaignData(tmp_path, {"spec": {"sections": names}}, {}, rows, {})
    good, bad = own_sections(data)
    assert [row[-1] for row in good.view["content"].tables[0].rows] == ["90", "10"] and not good.missing
    assert "has no 'Missing'" in bad.missing
