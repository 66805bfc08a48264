"""Weights that met other pictures than they were trained on are named, and only they."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from reports.campaign_report import build_report
from reports.foreign_pictures import foreign_pictures

EMBEDDED_1 = {"simulator": "embedded_carla", "scene_version": 1}
EMBEDDED_NONE = {"simulator": "embedded_carla", "scene_version": None}
CARLA = {"simulator": "carla", "scene_version": None}


def described_campaign(name: str, scene_version: int | None, trained_on: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "simulator": {"name": name, "version": "0.9.16", "scene_version": scene_version},
        "agent": {"name": "pilotnet", "weights_sha256": "ab", "trained_on": trained_on},
        "monitors": [{"name": "random", "weights_sha256": None, "trained_on": None}],
    }


@pytest.mark.parametrize(
    ("name", "scene_version", "trained_on", "at_home"),
    [
        ("embedded", 1, EMBEDDED_1, True),
        ("embedded", 2, EMBEDDED_1, False),
        ("embedded", 1, EMBEDDED_NONE, False),
        ("embedded", 1, CARLA, False),
        ("embedded", 1, None, False),
        ("embedded", None, EMBEDDED_NONE, False),
        ("attach", 1, EMBEDDED_1, True),
        ("attach", 2, EMBEDDED_1, False),
        ("attach", None, EMBEDDED_1, False),
        ("attach", None, CARLA, True),
        ("attach", None, None, False),
    ],
)
def test_home_is_the_same_simulator_with_the_same_scene_version(
    name: str, scene_version: int | None, trained_on: dict[str, Any] | None, at_home: bool
) -> None:
    found = foreign_pictures(described_campaign(name, scene_version, trained_on))
    assert (found is None) == at_home
    if found is not None:
        assert [names for names, _ in found["trained"]] == ["agent pilotnet"]
        assert found["retrain"] == (name == "embedded" or scene_version is not None)


def test_before_anything_has_driven_nothing_is_foreign() -> None:
    described = described_campaign("embedded", None, EMBEDDED_1)
    described["simulator"]["version"] = None
    assert foreign_pictures(described) is None
    assert foreign_pictures({}) is None


def test_the_report_names_who_was_trained_on_what_and_what_drove(campaign: Path, tmp_path: Path) -> None:
    assert "Trained on other" not in (campaign / "report.html").read_text(encoding="utf-8")
    folder = tmp_path / "results"
    shutil.copytree(campaign, folder)
    described = json.loads((folder / "campaign.json").read_text())
    described["simulator"]["scene_version"] = 5
    described["monitors"][0] |= {"weights_sha256": "cd", "trained_on": None}
    (folder / "campaign.json").write_text(json.dumps(described))
    text = build_report(folder).read_text(encoding="utf-8")
    banner = text.split('class="foreign"')[1].split("</div>")[0]
    assert "What drove was embedded_carla, scene version 5." in banner
    assert "<b>agent pilotnet</b>: trained on embedded_carla, scene version 4" in banner
    assert "<b>monitor saliency_student</b>: trained on unknown pictures: no model card says which" in banner
