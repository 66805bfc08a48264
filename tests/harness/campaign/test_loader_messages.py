"""Whatever is wrong with a campaign file is said with file, line, key and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign.errors import ScenarioError
from harness.campaign.loader import apply_overrides, load_campaign
from tests.harness.campaign.campaigns import campaign_data, written

GOOD = """\
campaign: small
camera: {width_px: 320}
roads:
  - kind: curves
    name: a
    segments:
      - {straight_m: 30}
      - {radius_m: 50, angle_deg: 30}
conditions:
  - name: ideal
  - name: blur
    effects: [{effect: blur, width_px: 9, onset_s: {uniform: [3, 8]}}]
monitors: [always_on]
modes: [shadow, "takeover:always_on"]
"""


def complaint(folder: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_campaign(written(folder, text), overrides)
    return str(caught.value)


def test_the_good_file_loads(tmp_path: Path) -> None:
    spec = load_campaign(written(tmp_path, GOOD))
    assert (spec.campaign, spec.camera.width_px, spec.camera.height_px) == ("small", 320, 360)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("width_px: 320", "widht_px: 320", 2, "unknown key 'camera.widht_px'; did you mean 'width_px'?"),
        ("radius_m", "radius", 8, "unknown key 'roads.0.segments.1.radius'; did you mean 'radius_m'?"),
        ("conditions:", "condition:", 9, "unknown key 'condition'; did you mean 'conditions'?"),
        ("straight_m: 30", "straight_m: -1", 7, "roads.0.segments.0.straight_m: Input should be greater than 0"),
        ("    name: a\n", "", 4, "key 'roads.0.name' is missing"),
        ("kind: curves", "kind: oval", 4, "roads.0"),
        ("[3, 8]", "[8, 3]", 12, "conditions.1.effects.0.onset_s: uniform must be [low, high]"),
        ("takeover:always_on", "takover:always_on", 14, "modes.1: unknown mode 'takover:always_on'"),
        ("takeover:always_on", "takeover:saliency", 1, "monitor 'saliency' is not listed under monitors"),
        ("320}", "320", 3, "not valid YAML"),
        ("  - name: ideal", "  - name: ideal\n    name: b", 11, "key 'name' is given twice"),
    ],
)
def test_each_mistake_names_line_and_key(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    message = complaint(tmp_path, GOOD.replace(old, new, 1))
    assert f"campaign.yaml:{line}: " in message
    assert words in message


def test_all_mistakes_are_reported_at_once_and_no_other(tmp_path: Path) -> None:
    message = complaint(tmp_path, GOOD.replace("radius_m", "radius").replace("width_px: 320", "width: 320"))
    assert [line.split(": ")[1].split(" ")[0] for line in message.splitlines()] == ["unknown", "key", "unknown"]


def test_weather_presets_are_suggested(tmp_path: Path) -> None:
    assert "did you mean 'ClearNoon'?" in complaint(tmp_path, GOOD + "weather: [ClearNon]\n")


def test_missing_file_and_missing_mapping(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nothing\.yaml: cannot be read"):
        load_campaign(tmp_path / "nothing.yaml")
    assert "starts with 'campaign: <name>'" in complaint(tmp_path, "- a\n- b\n")


def test_overrides_are_applied_and_blamed(tmp_path: Path) -> None:
    spec = load_campaign(written(tmp_path, GOOD), ["duration_s=10", "roads.0.texture_pack=moor", "seeds=[4, 7]"])
    assert (spec.duration_s, spec.roads[0].texture_pack, spec.seed_indices) == (10.0, "moor", (4, 7))
    message = complaint(tmp_path, GOOD, "ego.v_max=3", "duration_s=-1")
    assert "--set ego.v_max=3: unknown key 'ego.v_max'; did you mean 'v_max_mps'?" in message
    assert "--set duration_s=-1: duration_s: Input should be greater than 0" in message


@pytest.mark.parametrize("override", ["duration_s", "=3", "roads.7.name=a", "campaign.name=b", "a=[1"])
def test_bad_overrides_are_refused(override: str) -> None:
    with pytest.raises(ScenarioError, match="--set"):
        apply_overrides(campaign_data(), [override])


def test_overrides_leave_the_original_alone() -> None:
    data = campaign_data()
    apply_overrides(data, ["roads.0.name=other"])
    assert data["roads"][0]["name"] == "straight"
