"""Small campaigns for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.expansion import expand
from harness.campaign.loader import load_campaign
from harness.campaign.spec import CampaignSpec

ROOT = Path(__file__).parents[3]
THRESHOLDS = {
    "monitors": {
        "saliency_student": {
            "points": {
                "fa0.50": {"theta_on": 6.0, "theta_off": 4.0},
                "duty10": {"theta_on": 3.0, "theta_off": 2.0},
            }
        },
        "random": {"points": {"duty10": {"theta_on": 0.9, "theta_off": 0.9}}},
    }
}


def campaign_data(**changes: Any) -> dict[str, Any]:
    """A valid campaign of one straight road, as plain data."""
    data: dict[str, Any] = {
        "campaign": "small",
        "roads": [{"kind": "curves", "name": "straight", "segments": [{"straight_m": 100}]}],
        "conditions": [{"name": "ideal"}],
        "monitors": ["saliency_student", "always_on"],
        "modes": ["shadow"],
    }
    return data | changes


def campaign(**changes: Any) -> CampaignSpec:
    """The same, checked."""
    return CampaignSpec.model_validate(campaign_data(**changes))


def expanded(spec: CampaignSpec, agent: str = "a", monitor: str | None = None) -> list[EpisodeSpec]:
    """Its episodes, with made-up weight hashes."""
    return expand(spec, lambda name: agent, lambda name: monitor, THRESHOLDS)


def written(folder: Path, text: str) -> Path:
    """A campaign file."""
    path = folder / "campaign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, data: dict[str, Any]) -> CampaignSpec:
    """Through YAML and the loader."""
    return load_campaign(written(folder, yaml.safe_dump(data)))
