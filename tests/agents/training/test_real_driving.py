"""Folders of driving: formats, units, splits, pictures; and our own runs written as one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agents.preprocessing import Preprocessing
from agents.training.dataset import NoDataError
from agents.training.real_driving import STEERING_UNITS, read_crops, read_driving
from agents.training.recording import LogRecorder
from harness.evaluation.foreign.driving_log import DrivingLogError, read_driving_log
from tests.agents.training.folder_of_driving import picture, write_folder
from tests.agents.training.test_collected_frames import record, view

SEEN = Preprocessing(lower_share=0.75, height=24, width=40, colour="grey")


@pytest.mark.parametrize("extended", [True, False], ids=["extended columns", "original columns"])
def test_both_kinds_of_log_give_angles_pictures_and_minutes(tmp_path: Path, extended: bool) -> None:
    swa_deg = write_folder(tmp_path, blocks=3, extended=extended)
    driving = read_driving(tmp_path, frames_per_s=None if extended else 0.2)
    assert driving.swa_deg == pytest.approx(swa_deg, abs=1e-4) and len(driving) == 36
    assert driving.speed_mps == pytest.approx(np.full(36, 10.0), abs=1e-4)
    assert driving.block.tolist() == [0] * 12 + [1] * 12 + [2] * 12
    assert np.isnan(driving.agent_swa_deg).all() and driving.dropped == 0
    crops = read_crops(driving, SEEN)
    assert crops.shape == (36, 24, 40, 3) and np.array_equal(crops[5], SEEN.crop(picture(float(swa_deg[5]), 5)))


def test_steering_units_are_angles_of_the_steering_wheel_left_positive(tmp_path: Path) -> None:
    swa_deg = write_folder(tmp_path, blocks=1)
    assert read_driving(tmp_path, STEERING_UNITS["degrees"]).swa_deg == pytest.approx(swa_deg / -400, abs=1e-6)
    radians = read_driving(tmp_path, STEERING_UNITS["radians"]).swa_deg
    assert radians == pytest.approx(np.degrees(swa_deg / -400), abs=1e-5)


def test_rows_without_a_picture_and_slow_ones_are_left_out_and_counted(tmp_path: Path) -> None:
    swa_deg = write_folder(tmp_path, blocks=1)
    (tmp_path / "IMG" / "center_0003.png").unlink()
    driving = read_driving(tmp_path)
    assert driving.dropped == 1 and driving.swa_deg == pytest.approx(np.delete(swa_deg, 3), abs=1e-4)
    with pytest.raises(NoDataError, match=r"12 rows 1 name a picture that is not there.*11 m/s"):
        read_driving(tmp_path, min_speed_mps=11.0)


def test_folders_that_hold_no_driving_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NoDataError, match=r"holds no driving_log\.csv"):
        read_driving(tmp_path)
    write_folder(tmp_path / "a", blocks=1, extended=False)
    with pytest.raises(DrivingLogError, match="--fps"):
        read_driving(tmp_path)
    (tmp_path / "a" / "IMG" / "center_0000.png").write_bytes(b"no picture")
    with pytest.raises(NoDataError, match="no picture that can be read"):
        read_crops(read_driving(tmp_path, frames_per_s=0.2), SEEN)
    (tmp_path / "a" / "driving_log.csv").write_text("steering,speed,time\n0.1,3,0\n0.2,3,1\n")
    with pytest.raises(DrivingLogError, match="no column 'center'"):
        read_driving(tmp_path)


def test_splits_are_consecutive_stretches_of_whole_minutes(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", blocks=6)
    write_folder(tmp_path / "b", blocks=4, seed=1)
    driving = read_driving(tmp_path)
    parts = driving.split(0.5, 0.3, 0.2)
    assert [sorted(set(driving.block[rows])) for rows in parts] == [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9]]
    assert np.array_equal(np.concatenate(parts), np.arange(120))
    taken = driving.take(parts[2])
    assert len(taken) == 24 and taken.pictures == driving.pictures[96:]
    with pytest.raises(NoDataError, match="more driving is needed"):
        taken.split(0.5, 0.3, 0.2)


def test_crops_are_kept_for_the_next_call_and_made_anew_for_other_pictures(tmp_path: Path) -> None:
    write_folder(tmp_path / "data", blocks=1)
    driving, cache = read_driving(tmp_path / "data"), tmp_path / "cache"
    first = read_crops(driving, SEEN, cache)
    for path in driving.pictures:
        path.unlink()
    assert np.array_equal(read_crops(driving, SEEN, cache), first)
    with pytest.raises(NoDataError):
        read_crops(driving, Preprocessing(lower_share=0.5, height=24, width=40), cache)


def test_our_own_runs_are_written_as_a_folder_of_driving(tmp_path: Path) -> None:
    recorder, frames = LogRecorder(keep_every=2), []
    for tick in range(9):
        seen = view(tick, departed=tick >= 7)
        frames.append(seen.frame)
        recorder.on_tick(seen)
    recorder.save(tmp_path / "run" / "driving_log.csv", record("run"))
    driving = read_driving(tmp_path)
    assert driving.swa_deg == pytest.approx([30.0, 32.0, 34.0, 36.0]) and driving.agent_swa_deg.tolist() == [28.0] * 4
    assert driving.speed_mps == pytest.approx(np.full(4, 10.0))
    for path, frame in zip(driving.pictures, frames[::2], strict=False):
        stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert stored is not None and np.array_equal(stored[:, :, ::-1], frame)
    assert read_driving_log(tmp_path / "run" / "driving_log.csv").time_s == pytest.approx([0.0, 0.1, 0.2, 0.3])
    recorder.save(tmp_path / "other" / "driving_log.csv", record("other", "invalid"))
    assert not (tmp_path / "other").exists()
