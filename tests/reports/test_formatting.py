"""Figures as a reader sees them."""

from __future__ import annotations

import math

import pytest

from reports.formatting import DASH, duration, number, percent, rate, size


@pytest.mark.parametrize("undefined", [None, math.nan, math.inf, "12", True])
def test_undefined_is_a_dash_never_a_zero(undefined: object) -> None:
    assert number(undefined) == DASH == percent(undefined)


def test_numbers() -> None:
    assert number(-1234.5, 1) == "−1\u202f234.5"
    assert number(-0.001, 2) == "0.00"
    assert number(3.0, 1, signed=True) == "+3.0"
    assert percent(0.42) == "42\u202f%"
    assert percent(0.034) == "3.4\u202f%"
    assert percent(0.9983) == "99.8\u202f%"
    assert percent(-0.5, signed=True) == "−50\u202f%"
    assert (
        duration(61) == "61\u202fs"
        and duration(3661) == "61\u202fmin 01\u202fs"
        and duration(7380) == "2\u202fh 03\u202fmin"
    )
    assert size(1_250_000) == "1.2\u202fMB"


def test_a_rate_carries_its_interval_and_its_counts() -> None:
    shown = rate({"value": 0.4, "k": 12, "n": 30, "low": 0.227, "high": 0.594, "method": "clopper-pearson"})
    assert (shown.text, shown.interval, shown.method) == ("40\u202f%", "[23, 59]", "clopper-pearson")
    assert shown.count.replace("\u202f", "") == "12/30"


def test_a_rate_without_value_keeps_counts_and_reason() -> None:
    shown = rate(
        {"value": None, "k": 3, "n": 7, "low": 0.1, "high": 0.8, "method": "x", "reason": "fewer than 10 events"}
    )
    assert (shown.text, shown.reason, shown.interval) == (DASH, "fewer than 10 events", "[10, 80]")
    assert not shown.defined
    assert rate(None).reason == "not measured"
    assert rate({"value": None, "k": 0, "n": 0, "low": None, "high": None, "method": "x"}).reason == "no trials"
