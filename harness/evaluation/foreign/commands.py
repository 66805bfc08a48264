"""``score`` and ``export``: the two commands that speak other tools' formats."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.evaluation.foreign.driving_log import read_driving_log
from harness.evaluation.foreign.score_files import read_scores
from harness.evaluation.foreign.scoring import ForeignRun, fit_foreign_points, score_runs
from harness.evaluation.zones import HORIZON_S, REACTION_S


class ScoreCommandError(ValueError):
    """Arguments that do not fit together."""


def add_score_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``score``."""
    parser.add_argument("--log", type=Path, action="append", required=True, help="driving log, CSV; repeat per run")
    parser.add_argument("--scores", type=Path, action="append", required=True, help="scores of that log, same order")
    parser.add_argument("--calibration-log", type=Path, action="append", default=[], help="log to fit thresholds on")
    parser.add_argument("--calibration-scores", type=Path, action="append", default=[])
    parser.add_argument("--nominal-log", type=Path, action="append", default=[], help="lap for the published scorers")
    parser.add_argument("--nominal-scores", type=Path, action="append", default=[])
    parser.add_argument("--column", help="score column, where the file has several")
    parser.add_argument("--fps", type=float, help="frames per second, where the log has no usable time")
    parser.add_argument("--theta-on", type=float, help="alarm above this trailing 0.5 s mean of the score")
    parser.add_argument("--theta-off", type=float, help="alarm ends below this (default: theta-on)")
    parser.add_argument("--reaction", type=float, default=REACTION_S, help="reaction time, s (default %(default)s)")
    parser.add_argument("--horizon", type=float, default=HORIZON_S, help="horizon, s (default %(default)s)")
    parser.add_argument("--degraded", action="store_true", help="the logs were driven with a degraded camera")
    parser.add_argument("--out", type=Path, help="JSON file to write (default: standard output)")


def score(options: argparse.Namespace) -> dict[str, Any]:
    """Figures of the logs named.

    Raises:
        ScoreCommandError: arguments that do not fit. DrivingLogError, ScoreFileError: files that do not.
    """
    runs = _runs(options.log, options.scores, options, options.degraded)
    calibration = _runs(options.calibration_log, options.calibration_scores, options, False)
    nominal = _runs(options.nominal_log, options.nominal_scores, options, False)
    points: dict[str, Any] = fit_foreign_points(calibration) if calibration else {}
    if options.theta_on is not None:
        theta_off = options.theta_on if options.theta_off is None else options.theta_off
        points["given"] = {"theta_on": options.theta_on, "theta_off": theta_off}
    if not points:
        raise ScoreCommandError(
            "no threshold: give --theta-on, or --calibration-log and --calibration-scores to fit on"
        )
    return score_runs(runs, points, nominal, options.reaction, options.horizon)


def run_score(options: argparse.Namespace) -> None:
    """``score``: compute and write."""
    text = json.dumps(score(options), indent=1, allow_nan=False, ensure_ascii=False)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text + "\n", encoding="utf-8")
        print(options.out)


def run_export(results: Path, out: Path) -> None:
    """``export``: one folder per shadow run of a campaign."""
    from harness.evaluation.foreign.export import export_episode, is_exportable
    from harness.results.reader import read_campaign

    exported = 0
    for episode in read_campaign(results)[1]:
        if is_exportable(episode):
            export_episode(episode, out / episode.episode_id)
            exported += 1
    print(f"{exported} shadow runs -> {out}")


def _runs(
    logs: Sequence[Path], scores: Sequence[Path], options: argparse.Namespace, degraded: bool
) -> list[ForeignRun]:
    if len(logs) != len(scores):
        raise ScoreCommandError(f"{len(logs)} logs but {len(scores)} score files: each log needs its own")
    runs = []
    for path, score_path in zip(logs, scores, strict=True):
        log = read_driving_log(path, options.fps)
        runs.append(ForeignRun(log, read_scores(score_path, log, options.column), degraded))
    return runs
