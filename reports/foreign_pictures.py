"""Who drove or watched on other pictures than it was trained on: figures of such a campaign are not those of home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EMBEDDED = "embedded_carla"
UNKNOWN = "unknown pictures: no model card says which"


def foreign_pictures(campaign: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the banner says.

    Args:
        campaign: content of ``campaign.json``.

    Returns:
        ``drove`` in words, ``trained``: [(names, what they were trained on)], ``retrain``: whether we can train on
        what drove. None where all who have weights were trained on what drove, or nothing has driven yet.
    """
    simulator = campaign.get("simulator")
    if not isinstance(simulator, Mapping) or not simulator.get("version"):
        return None
    trained: dict[str, list[str]] = {}
    parts = [("agent", campaign.get("agent")), *(("monitor", part) for part in campaign.get("monitors") or [])]
    for role, part in parts:
        if not isinstance(part, Mapping) or not part.get("weights_sha256"):
            continue
        said = part.get("trained_on") or {}
        if not _at_home(said, simulator):
            trained.setdefault(_words(said), []).append(f"{role} {part.get('name')}")
    if not trained:
        return None
    return {
        "drove": _drove(simulator),
        "trained": [(", ".join(names), words) for words, names in trained.items()],
        # Training collects its frames on the embedded simulator only.
        "retrain": _is_embedded(simulator),
    }


def _at_home(said: Mapping[str, Any], simulator: Mapping[str, Any]) -> bool:
    trained_on, scene_version = said.get("simulator"), simulator.get("scene_version")
    if not _is_embedded(simulator):
        # Which one it is nobody said, so it may be the one named.
        return trained_on not in (None, EMBEDDED)
    return trained_on == EMBEDDED and said.get("scene_version") == scene_version is not None


def _is_embedded(simulator: Mapping[str, Any]) -> bool:
    """Whether we started it or it only listens: no other simulator tells a scene version."""
    return simulator.get("name") == "embedded" or simulator.get("scene_version") is not None


def _drove(simulator: Mapping[str, Any]) -> str:
    scene_version = simulator.get("scene_version")
    if scene_version is not None:
        return f"{EMBEDDED}, scene version {scene_version}"
    name = EMBEDDED if _is_embedded(simulator) else f"another simulator ({simulator.get('name')})"
    return f"{name} {simulator.get('version')} that told no scene version"


def _words(said: Mapping[str, Any]) -> str:
    if not said.get("simulator"):
        return UNKNOWN
    version = said.get("scene_version")
    told = "with no scene version in its model card" if version is None else f"scene version {version}"
    return f"{said['simulator']}, {told}"
