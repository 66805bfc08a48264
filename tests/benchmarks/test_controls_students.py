"""The eight pictures of a frame, and students of equal budget that read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agents.network_file import LoadedNetwork, load_network
from agents.pilotnet import PilotNet
from agents.weights_io import WEIGHTS_FOLDER
from benchmarks import control_students, saliency_controls
from benchmarks.control_pictures import SALIENCY, sources
from benchmarks.control_students import KINDS, StudentKind, answers, fit_student
from benchmarks.saliency_controls import HELD_OUT, Question, ask
from benchmarks.shadow_frames import Pictures, collected_frames
from tests.agents.training.recorded_frames import frames as recorded

KIND = {kind.name: kind for kind in KINDS}


@pytest.fixture(scope="module")
def teacher() -> LoadedNetwork:
    return load_network(WEIGHTS_FOLDER / saliency_controls.TEACHER, "driver")


def crops(count: int) -> Pictures:
    """Noise whose brightness differs from frame to frame."""
    rng = np.random.default_rng(3)
    grey = rng.uniform(20.0, 200.0, count)[:, None, None, None] + rng.normal(0.0, 20.0, (count, 66, 200, 3))
    return grey.clip(0.0, 255.0).astype(np.uint8)


def test_every_picture_is_one_channel_of_the_frame_it_is_made_of(teacher: LoadedNetwork) -> None:
    shown = crops(5)
    made = {name: make(shown) for name, make in sources(teacher.network).items()}
    assert len(made) == 8
    assert {picture.shape for picture in made.values()} == {(5, 66, 200)}
    assert {picture.dtype for picture in made.values()} == {np.dtype(np.uint8)}
    assert (made["camera"][2] == cv2.cvtColor(shown[2], cv2.COLOR_RGB2GRAY)).all()
    assert (made["vbp_untrained"] != made[SALIENCY]).any()
    shuffled, plain = made["vbp_of_another_frame"], made[SALIENCY]
    assert sorted(map(bytes, shuffled)) == sorted(map(bytes, plain)) and (shuffled != plain).any()


def test_edges_of_a_plain_picture_are_nowhere_and_of_a_step_at_the_step(teacher: LoadedNetwork) -> None:
    shown = np.full((2, 66, 200, 3), 90, dtype=np.uint8)
    shown[1, :, 100:] = 160
    plain, step = sources(teacher.network)["sobel_edges"](shown)
    assert not plain.any()
    assert set(np.flatnonzero(step.any(axis=0))) == {99, 100} and step.max() == 255


def predicted(kind: str, seed: int, pictures: Pictures, error_deg: np.ndarray, teacher: LoadedNetwork) -> list[float]:
    """What a student that was fitted on all but the last eight frames says of all."""
    seen = KIND[kind].read(seed, pictures, teacher.network)
    learned = fit_student(KIND[kind], seed, seen, error_deg, np.arange(len(pictures) - 8), teacher.network)
    return answers(KIND[kind], seed, learned, seen, teacher.network).tolist()


@pytest.mark.parametrize("kind", KIND)
def test_a_student_repeats_itself_and_depends_on_its_seed_and_not_on_what_is_held_out(
    kind: str, teacher: LoadedNetwork
) -> None:
    pictures = sources(teacher.network)["camera"](crops(40))
    error_deg = pictures.mean(axis=(1, 2)).astype(np.float64) / 10.0
    unknown = np.where(np.arange(40) < 32, error_deg, np.nan)
    first = predicted(kind, 0, pictures, error_deg, teacher)
    assert first == predicted(kind, 0, pictures, unknown, teacher)
    assert first != predicted(kind, 1, pictures, error_deg, teacher)


def test_kept_convolutions_stay_as_they_were_drawn_and_fitted_ones_move(
    teacher: LoadedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[PilotNet] = []

    def watched(*arguments: Any, **named: Any) -> PilotNet:
        made.append(PilotNet(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(control_students, "PilotNet", watched)
    pictures = sources(teacher.network)["camera"](crops(40))
    error_deg = pictures.mean(axis=(1, 2)).astype(np.float64) / 10.0
    for name in ("random_kept", "from_scratch"):
        seen = KIND[name].read(0, pictures, teacher.network)
        fit_student(KIND[name], 0, seen, error_deg, np.arange(40), teacher.network)
    start = PilotNet(made[0].config, seed=control_students.RANDOM_SEED).convolutions.state_dict()
    kept, fitted = (network.convolutions.state_dict() for network in made)
    assert all((kept[name] == start[name]).all() for name in start)
    assert all((fitted[name] != start[name]).any() for name in start)


def test_students_are_kept_until_what_they_rest_on_changes(
    teacher: LoadedNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected = recorded([6, 6], crops=crops(12))
    for spec in collected.specs:
        spec["condition"] = "ideal"
    train, held = np.arange(6), np.arange(6, 12)
    error_deg = np.linspace(-9.0, 9.0, 12)
    question = Question(collected, error_deg, train, held, {HELD_OUT: collected_frames(collected, held)}, teacher)
    monkeypatch.setattr(saliency_controls, "SEEDS", (0, 1))
    kinds = [KIND["transferred_kept"], KIND["from_scratch"]]
    first = ask(question, kinds, tmp_path)[HELD_OUT]
    assert len(first) == 8 + 3 and all(one.shape == (2, 6) for one in first.values())
    fits: list[str] = []

    def counted(kind: StudentKind, *given: Any) -> Any:
        fits.append(kind.name)
        return fit_student(kind, *given)

    monkeypatch.setattr(saliency_controls, "fit_student", counted)
    again = ask(question, kinds, tmp_path)[HELD_OUT]
    assert not fits and all((again[key] == first[key]).all() for key in first)
    ask(replace(question, train=train[:5]), kinds[:1], tmp_path)
    assert fits == ["transferred_kept"] * 16
