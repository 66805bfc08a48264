"""What a person wants to know of trained weights: command, data, seed, effort, scores."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import Any

import torch

from agents.training.dataset import Frames
from agents.training.fit import FitHistory, FitSettings


def trained_on(frames: Frames) -> dict[str, Any]:
    """Whose pictures these are; `agents.training.collect` starts no other simulator."""
    return {"simulator": "embedded_carla", "scene_version": frames.scene_version}


def card(
    what: str, frames: Frames, settings: FitSettings, history: FitHistory, scores: dict[str, Any]
) -> dict[str, Any]:
    """Model card as JSON values."""
    return {
        "what": what,
        "command": "python -m agents.training.build",
        **trained_on(frames),
        "data": {
            "frames": len(frames),
            "episodes": len(frames.specs),
            "sha256": frames.data_hash,
            "texture_packs": sorted({str(spec["world"]["texture_pack"]) for spec in frames.specs}),
        },
        "settings": asdict(settings),
        "history": asdict(history),
        "scores": scores,
        **effort(),
    }


def effort() -> dict[str, Any]:
    """What a training ran on."""
    hardware = {"machine": platform.machine(), "torch_threads": torch.get_num_threads()}
    return {"hardware": hardware, "torch": torch.__version__}
