"""Labelled pictures on disk: what is stored comes back, damage is seen, and labels lie on what they name."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from agents.saliency.labelled_frames import LabelledFramesError, load_labelled_frames, save_labelled_frames
from tests.agents.saliency.stored_frames import FOLDER, stored_frames

ROAD, MARKING, SKY = 1, 24, 11


def test_labels_lie_on_what_they_name() -> None:
    frames = stored_frames()
    for picture, labels in zip(frames.pictures, frames.labels, strict=True):
        grey = picture.mean(axis=2)
        near_marking = cv2.dilate((labels == MARKING).astype(np.uint8), np.ones((9, 9))) > 0
        beside = near_marking & (labels == ROAD)
        assert grey[labels == MARKING].mean() > 1.2 * grey[beside].mean()
        assert (labels[-1] != SKY).all() and (labels[0] == SKY).any()


def test_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    frames = stored_frames().take([4, 0])
    save_labelled_frames(frames, tmp_path)
    again = load_labelled_frames(tmp_path)
    assert again.data_hash == frames.data_hash and again.facts == frames.facts
    assert [facts.bend for facts in again.facts] == ["right", "straight"]


def test_a_missing_or_changed_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelledFramesError, match="label_frames"):
        load_labelled_frames(tmp_path)
    shutil.copytree(FOLDER, tmp_path / "changed")
    labels = cv2.imread(str(tmp_path / "changed" / "001_labels.png"), cv2.IMREAD_GRAYSCALE)
    assert labels is not None
    labels[0, 0] = 24
    cv2.imwrite(str(tmp_path / "changed" / "001_labels.png"), labels)
    with pytest.raises(LabelledFramesError, match="not those that were stored"):
        load_labelled_frames(tmp_path / "changed")
    (tmp_path / "changed" / "002_picture.png").unlink()
    with pytest.raises(LabelledFramesError, match=r"002_picture\.png: missing"):
        load_labelled_frames(tmp_path / "changed")
