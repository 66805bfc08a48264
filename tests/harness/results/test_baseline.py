"""A baseline is a folder or a tag; whatever cannot be one shows before a night is spent, not after."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.results.baseline import check_baseline, find_baseline
from harness.results.history import LAST_GOOD, History, HistoryError
from harness.results.store import StoreError
from tests.harness.results.test_history import SUMMARY, campaign


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def entered(history: History, night: int, tier: str) -> Path:
    folder = campaign(history.results, night, tier=tier)
    history.record(folder, SUMMARY)
    return folder


def test_last_good_is_that_of_the_same_name_and_tier(history: History) -> None:
    first, larger, second = (
        entered(history, night, tier) for night, tier in ((1, "smoke"), (2, "nightly"), (3, "smoke"))
    )
    for folder in (first, larger):
        history.tag(LAST_GOOD, folder)
    assert find_baseline(LAST_GOOD, second) == first
    assert find_baseline(str(larger), second) == larger
    with pytest.raises(HistoryError, match="this very campaign"):
        find_baseline(LAST_GOOD, first)


def test_the_first_campaign_runs_and_says_how_to_name_it(history: History) -> None:
    folder = entered(history, 1, "smoke")
    check_baseline(LAST_GOOD, folder, "nightly", "smoke")
    with pytest.raises(HistoryError, match=r"'nightly/smoke' is tagged 'last-good'.* tag DIR --tag last-good"):
        find_baseline(LAST_GOOD, folder)


def test_what_cannot_be_a_baseline_is_refused_before_anything_runs(history: History, tmp_path: Path) -> None:
    folder = entered(history, 1, "smoke")
    with pytest.raises(HistoryError, match="tagged 'last-god'"):
        check_baseline("last-god", folder, "nightly", "smoke")
    with pytest.raises(StoreError, match="holds no campaign"):
        check_baseline(f"{tmp_path}/nowhere", folder, "nightly", "smoke")
    with pytest.raises(HistoryError, match="no catalogue lists"):
        check_baseline(LAST_GOOD, Path("/elsewhere/out"), "nightly", "smoke")
