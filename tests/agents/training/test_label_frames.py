"""Collecting labelled pictures: which are chosen, and that labels show the view of the picture."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from agents.protocol import DrivingState
from agents.training.label_frames import ROADS, Picker, bend_of, episode_on
from agents.training.labelled_drive import LabelledTick, labelled_drive
from harness.simulation.server import SimulatorServer


def tick(time_s: float, curvature_ahead_1pm: float) -> LabelledTick:
    numbers = {field.name: 0.0 for field in dataclasses.fields(DrivingState) if field.name != "artifact_levels"}
    state = DrivingState(**{**numbers, "tick": 0, "time_s": time_s, "curvature_ahead_1pm": curvature_ahead_1pm})
    return LabelledTick(np.zeros((2, 2, 3), dtype=np.uint8), np.zeros((2, 2), dtype=np.uint8), state)


def test_bends_are_told_by_the_road_ahead() -> None:
    assert [bend_of(c) for c in (0.02, -0.02, 0.0005, 0.004)] == ["left", "right", "straight", None]


def test_pictures_lie_apart_and_a_drive_takes_no_more_than_its_share() -> None:
    picker = Picker(per_bend=4)
    picker.start_drive(drives_left=2)
    for time_s in np.arange(0.0, 10.0, 0.25):
        picker.look(tick(float(time_s), 0.02), ROADS[0])
    assert [facts.bend for facts in picker.facts] == ["left", "left"]
    assert not picker.done
    picker.start_drive(drives_left=1)
    for time_s in np.arange(0.0, 20.0, 0.25):
        picker.look(tick(float(time_s), (0.02, -0.02, 0.0)[int(time_s) % 3]), ROADS[1])
    assert picker.done and len(picker.facts) == 12


def test_labels_show_the_view_of_the_picture(tmp_path: Path) -> None:
    with SimulatorServer(log_dir=tmp_path) as server:
        ticks = list(labelled_drive(server.host, server.port, episode_on(ROADS[0], duration_s=0.6)))
    assert [round(t.state.time_s, 2) for t in ticks] == pytest.approx([0.05 * k for k in range(12)])
    last = ticks[-1]
    assert abs(last.state.lateral_offset_m) < 0.2 and last.state.speed_mps > 5.0
    grey = last.picture.mean(axis=2)
    assert grey[last.labels == 24].mean() > 1.2 * grey[last.labels == 1].mean()
    assert not np.array_equal(ticks[0].labels, last.labels)
