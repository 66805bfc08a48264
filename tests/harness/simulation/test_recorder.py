"""The growing tick table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from harness.simulation.recorder import ColumnRecorder


def recorded() -> ColumnRecorder:
    recorder = ColumnRecorder(5)
    for tick in range(3):
        recorder.append({"tick": tick, "time_s": 0.1 * tick, "collision": tick == 2, "score__random": 0.1})
    return recorder


def test_rows_come_back_as_typed_columns() -> None:
    table = recorded().table()
    assert table.schema.types == [pa.int32(), pa.float64(), pa.bool_(), pa.float32()]
    assert table.to_pydict()["tick"] == [0, 1, 2]
    assert table["time_s"].to_pylist() == [0.0, 0.1, 0.2]
    assert table["collision"].to_pylist() == [False, False, True]
    assert table["score__random"].to_pylist() == [float(np.float32(0.1))] * 3


@pytest.mark.parametrize("row", [{"tick": 3}, {"tick": 3, "time_s": 0, "collision": 0, "score__random": 0, "extra": 1}])
def test_the_first_row_fixes_the_columns(row: dict[str, float]) -> None:
    recorder = recorded()
    with pytest.raises(KeyError, match="columns differ from the first row"):
        recorder.append(row)
    assert recorder.table().num_rows == 3


def test_a_late_flag_is_entered_where_it_belongs() -> None:
    recorder = recorded()
    recorder.mark("collision", 1)
    assert recorder.table()["collision"].to_pylist() == [False, True, True]
    for name, row in (("collision", 3), ("collision", -1), ("time_s", 0)):
        with pytest.raises(KeyError, match="no flag"):
            recorder.mark(name, row)


def test_a_table_is_not_changed_by_later_rows() -> None:
    recorder = recorded()
    before = recorder.table()
    recorder.mark("collision", 0)
    recorder.append({"tick": 9, "time_s": 9, "collision": True, "score__random": 9})
    assert before.num_rows == 3 and before["collision"].to_pylist() == [False, False, True]


def test_without_rows_there_are_no_columns() -> None:
    assert ColumnRecorder(5).table().num_rows == 0
