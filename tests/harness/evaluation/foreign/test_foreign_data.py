"""Logs and scores of other tools: what is read, what is refused, and that our episodes make the round trip."""

import json

import numpy as np
import pandas as pd
import pytest

from harness.evaluation.__main__ import main
from harness.evaluation.foreign.driving_log import EXTENDED_COLUMNS, DrivingLogError, read_driving_log
from harness.evaluation.foreign.export import driving_log_table, export_episode
from harness.evaluation.foreign.score_files import ScoreFileError, read_scores
from harness.evaluation.foreign.scoring import ForeignRun, score_runs
from harness.evaluation.summary import summarise
from tests.harness.evaluation.synthetic import TICK_S, episode, ticks_of

THETA = {"theta_on": 0.5, "theta_off": 0.4}


def extended(n=200, fps=20.0, crashed_from=None, **columns):
    table = {name: np.zeros(n) for name in EXTENDED_COLUMNS}
    table |= {"frameId": np.arange(n), "time": np.arange(n) / fps, "speed": np.full(n, 30.0), "cte": np.ones(n)}
    table["center"] = [f"C:\\data\\IMG\\center_{k}.jpg" for k in range(n)]
    if crashed_from is not None:
        table["crashed"] = (np.arange(n) >= crashed_from).astype(float)
    return pd.DataFrame({**table, **columns})


def written(tmp_path, table, name="driving_log.csv", **options):
    path = tmp_path / name
    table.to_csv(path, index=False, **options)
    return path


def test_the_extended_log_is_read(tmp_path):
    log = read_driving_log(written(tmp_path, extended(crashed_from=150)))
    assert log.frames_per_s == pytest.approx(20.0)
    assert log.crashed.sum() == 50
    assert log.speed_mps[0] == pytest.approx(13.4112)
    assert log.center[3] == "center_3.jpg"
    assert log.warnings == ()


def test_spaced_names_are_the_same_columns(tmp_path):
    spaced = extended(crashed_from=150).rename(columns={"frameId": "FrameId", "tot_crashes": "Tot Crashes"})
    spaced = spaced.rename(columns={"steering_angle": "Steering Angle", "crashed": "Crashed", "speed": "Speed"})
    assert read_driving_log(written(tmp_path, spaced)).crashed.sum() == 50


@pytest.mark.parametrize("header", [True, False])
def test_the_original_log_has_no_clock_and_no_failures(tmp_path, header):
    n = 50
    pictures = {side: [f"IMG\\{side}_{k}.jpg" for k in range(n)] for side in ("center", "left", "right")}
    table = pd.DataFrame({**pictures, **{name: np.zeros(n) for name in ("steering", "throttle", "brake", "speed")}})
    path = written(tmp_path, table, header=header)
    with pytest.raises(DrivingLogError, match="--fps"):
        read_driving_log(path)
    log = read_driving_log(path, frames_per_s=10.0)
    assert log.crashed is None and "does not say" in log.warnings[0]
    assert log.time_s[-1] == pytest.approx(4.9)
    assert log.center[0] == "center_0.jpg"


def test_whole_seconds_are_no_clock_and_a_dead_cte_is_told(tmp_path):
    table = extended(cte=np.zeros(200))
    assert "cte is 0" in read_driving_log(written(tmp_path, table)).warnings[0]
    table["time"] = np.floor(table["time"])
    with pytest.raises(DrivingLogError, match="does not advance at row 1"):
        read_driving_log(written(tmp_path, table))


def test_unknown_columns_and_broken_numbers_are_refused(tmp_path):
    with pytest.raises(DrivingLogError, match="neither a header"):
        read_driving_log(written(tmp_path, pd.DataFrame({"a": [1], "b": [2]})))
    with pytest.raises(DrivingLogError, match="row 3 is not a number"):
        read_driving_log(written(tmp_path, extended(speed=["1"] * 3 + ["x"] + ["1"] * 196)))


@pytest.mark.parametrize("n", [199, 201])
def test_a_score_file_of_another_length_is_an_error_never_a_truncation(tmp_path, n):
    log = read_driving_log(written(tmp_path, extended()))
    path = written(tmp_path, pd.DataFrame({"score": np.zeros(n)}), "scores.csv")
    with pytest.raises(ScoreFileError, match="nothing is cut off"):
        read_scores(path, log)


def test_score_files_of_other_shapes(tmp_path):
    log = read_driving_log(written(tmp_path, extended()))
    values = np.linspace(0, 1, 200)
    bare = written(tmp_path, pd.DataFrame(values), "bare.csv", header=False)
    assert read_scores(bare, log) == pytest.approx(values)
    named = pd.DataFrame({"frameId": log.frame_id, "uncertainty": values, "other": 1.0})
    assert read_scores(written(tmp_path, named, "named.csv"), log) == pytest.approx(values)
    assert read_scores(written(tmp_path, named, "named.csv"), log, "other") == pytest.approx(1.0)
    shifted = named.assign(frameId=log.frame_id + (log.frame_id > 10))
    with pytest.raises(ScoreFileError, match="row 11 is frame 12"):
        read_scores(written(tmp_path, shifted, "shifted.csv"), log)
    with pytest.raises(ScoreFileError, match="--column"):
        read_scores(written(tmp_path, named[["other", "frameId"]], "none.csv"), log)


def test_jitter_is_put_on_a_grid_and_a_long_gap_is_a_fault(tmp_path):
    rng = np.random.default_rng(0)
    table = extended(n=400)
    table["time"] = table["time"] + rng.uniform(-0.01, 0.01, 400)
    gap = table.drop(index=range(200, 210))
    log = read_driving_log(written(tmp_path, gap))
    tick_s, rows, stale = log.grid()
    assert tick_s == pytest.approx(0.05, abs=2e-3)
    assert (np.diff(rows) >= 0).all() and len(rows) == pytest.approx(400, abs=8)
    assert 4 <= stale.sum() <= 8
    figures = score_runs([ForeignRun(log, np.zeros(390))], {"given": THETA})
    assert figures["points"][0]["false_alarms_per_min"]["all"]["k"] == 1  # the gap raises the alarm


def shadow_runs():
    runs = []
    for k in range(12):
        n, onset = 500, 400 if k % 3 else None
        score = np.random.default_rng(k).normal(scale=0.05, size=n)
        score[350 + 2 * k : 390] = 1.0
        score[120:140] = 1.0 if k % 4 == 0 else 0.0
        # The exported log tells seconds on an even grid, as the tick table does.
        runs.append(episode(pair=f"p{k}", ticks=ticks_of(n, onset, scores={"tool": score}), end_reason="departure"))
    return runs


def test_our_episodes_make_the_round_trip(tmp_path, capsys):
    episodes = shadow_runs()
    campaign = {"thresholds": {"monitors": {"tool": {"points": {"given": THETA}}}}}
    (ours,) = summarise(episodes, campaign)["monitors"]
    command = ["score", "--theta-on", "0.5", "--theta-off", "0.4", "--out", str(tmp_path / "figures.json")]
    for data in episodes:
        log = export_episode(data, tmp_path / data.pair_id)
        command += ["--log", str(log), "--scores", str(log.parent / "scores" / "tool.csv")]
    assert main(command) == 0
    theirs = json.loads((tmp_path / "figures.json").read_text())
    point, figures = ours["points"][0], theirs["points"][0]
    for name in ("event_recall", "event_recall_all", "late_share", "precision", "duty"):
        assert figures[name]["k"] == pytest.approx(point[name]["k"]) and figures[name]["n"] == pytest.approx(
            point[name]["n"]
        ), name
    assert figures["lead_s"]["values"] == pytest.approx(point["lead_s"]["values"])
    assert figures["false_alarms_per_min"]["all"]["k"] == point["false_alarms_per_min"]["all"]["k"]
    for name in ("precision", "recall", "fpr", "f3", "mcc"):
        assert figures["windows"][name]["value"] == pytest.approx(point["windows"][name]["value"]), name
    assert theirs["ranking"]["auroc_pooled"]["value"] == pytest.approx(ours["auroc_pooled"]["value"], abs=1e-6)


def test_the_exported_log_has_the_extended_columns():
    table = driving_log_table(shadow_runs()[1])
    assert tuple(table.columns) == EXTENDED_COLUMNS
    assert table["crashed"].sum() == 20 and table["tot_OBEs"].iloc[-1] == 1
    assert table["time"].iloc[1] == pytest.approx(TICK_S)
    assert table["distance"].iloc[-1] == pytest.approx(500 * TICK_S * 10.0)


def test_thresholds_are_fitted_on_calibration_logs_and_published_scorers_on_nominal_laps(tmp_path):
    rng = np.random.default_rng(0)
    command = ["score", "--out", str(tmp_path / "f.json")]
    for k in range(10):
        score = rng.gamma(4.0, 0.1, size=1200)
        log = written(tmp_path, extended(1200), f"c{k}.csv")
        scores = written(tmp_path, pd.DataFrame({"score": score}), f"s{k}.csv")
        command += ["--calibration-log", str(log), "--calibration-scores", str(scores)]
        command += ["--nominal-log", str(log), "--nominal-scores", str(scores)]
    score = rng.gamma(4.0, 0.1, size=1200)
    score[1040:1080] += 3.0
    command += ["--log", str(written(tmp_path, extended(1200, crashed_from=1100), "t.csv"))]
    command += ["--scores", str(written(tmp_path, pd.DataFrame({"score": score}), "t_s.csv"))]
    assert main(command) == 0
    figures = json.loads((tmp_path / "f.json").read_text())
    points = {point["point"]: point for point in figures["points"]}
    assert points["conformal10"]["event_recall_all"]["k"] == 1
    assert points["conformal5"]["reason"] == "not enough calibration runs"
    labels = {entry["scorer"] for entry in figures["published_scorers"]}
    assert {"selforacle", "ampmof", "thirdeye TTM 3 s max", "thirdeye TTM 3 s max, window reset"} <= labels


def test_what_does_not_fit_is_said_in_one_line(tmp_path, capsys):
    log = written(tmp_path, extended())
    scores = written(tmp_path, pd.DataFrame({"score": np.zeros(200)}), "scores.csv")
    assert main(["score", "--log", str(log), "--scores", str(scores)]) == 1
    assert "no threshold" in capsys.readouterr().err
    assert main(["score", "--log", str(log), "--log", str(log), "--scores", str(scores), "--theta-on", "1"]) == 1
    assert "2 logs but 1 score files" in capsys.readouterr().err
