"""Five labelled pictures, collected once with ``python -m agents.training.label_frames``."""

from __future__ import annotations

from pathlib import Path

from agents.saliency.labelled_frames import LabelledFrames, load_labelled_frames

FOLDER = Path(__file__).with_name("labelled")


def stored_frames() -> LabelledFrames:
    """Two straight roads, two left curves, one right curve; 320 × 180 px."""
    return load_labelled_frames(FOLDER)
