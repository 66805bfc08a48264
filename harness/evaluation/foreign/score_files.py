"""Per-frame scores of other tools: CSV, with or without header, one row per frame of the log it belongs to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.evaluation.foreign.driving_log import DrivingLog

FloatArray = npt.NDArray[np.float64]
SCORE_COLUMNS = ("score", "uncertainty", "loss")
FRAME_COLUMNS = ("frameid", "frame_id", "frame")


class ScoreFileError(ValueError):
    """Scores that cannot be read or do not belong to their log."""


def read_scores(path: Path, log: DrivingLog, column: str | None = None) -> FloatArray:
    """Scores of a log, (N,), higher = riskier, NaN = the tool gave none on that frame.

    Args:
        path: CSV. log: the frames it belongs to. column: its score column; by default ``score``, ``uncertainty`` or
            ``loss``, or the only column.

    Raises:
        ScoreFileError: no such column, other frame numbers, or fewer or more rows than the log has frames.
    """
    table = _read_table(path)
    chosen = _score_column(table, path.name, column)
    if len(table) != len(log.time_s):
        raise ScoreFileError(
            f"{path.name} holds {len(table)} scores but {log.name} {len(log.time_s)} frames: they do not belong "
            "together; nothing is cut off to make them fit"
        )
    frames = [name for name in table.columns if str(name).strip().lower() in FRAME_COLUMNS]
    if frames and not np.array_equal(table[frames[0]].to_numpy(), log.frame_id):
        row = int(np.argmax(table[frames[0]].to_numpy() != log.frame_id))
        raise ScoreFileError(
            f"{path.name} row {row} is frame {table[frames[0]].iloc[row]}, {log.name} has {log.frame_id[row]} there"
        )
    values = table[chosen]
    numbers = pd.to_numeric(values, errors="coerce")
    broken = numbers.isna() & values.notna()
    if broken.any():
        raise ScoreFileError(f"{path.name} column {chosen!r} row {int(np.argmax(broken))} is not a number")
    return numbers.to_numpy(np.float64)


def _read_table(path: Path) -> pd.DataFrame:
    try:
        first = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise ScoreFileError(f"{path} cannot be read: {error}") from error
    try:
        float(first)
    except ValueError:
        return pd.read_csv(path, encoding="utf-8-sig", skip_blank_lines=False)
    return pd.read_csv(path, header=None, encoding="utf-8-sig", skip_blank_lines=False)


def _score_column(table: pd.DataFrame, name: str, wanted: str | None) -> str | int:
    if wanted is not None:
        if wanted not in table.columns:
            raise ScoreFileError(f"{name} has no column {wanted!r}, only {', '.join(map(str, table.columns))}")
        return wanted
    found = [column for column in table.columns if str(column).strip().lower() in SCORE_COLUMNS]
    if len(found) == 1 or len(table.columns) == 1:
        return found[0] if found else table.columns[0]
    raise ScoreFileError(
        f"{name} has columns {', '.join(map(str, table.columns))}: say which holds the scores (--column)"
    )
