"""Numbers as a reader sees them. An undefined number is a dash with its reason, never a zero."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

DASH = "—"
MINUS = "\u2212"
THIN_SPACE = "\u202f"

Kind = Literal["percent", "number", "signed_percent"]


@dataclass(frozen=True)
class Shown:
    """A figure ready to be printed.

    Attributes:
        text: the value, or a dash.
        interval: ``[low, high]`` in the same unit; empty when there is none.
        count: ``k / n`` or ``n = …``; empty when unknown.
        reason: why the value is undefined; empty when it is defined.
        method: how the interval was made.
    """

    text: str
    interval: str = ""
    count: str = ""
    reason: str = ""
    method: str = ""

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.text != DASH


def finite(value: Any) -> float | None:
    """``value`` as a float, None when it is missing, NaN, infinite or not a number."""
    if value is None or isinstance(value, bool | str):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def number(value: Any, digits: int = 2, signed: bool = False) -> str:
    """Fixed decimals with a true minus sign; a dash when undefined."""
    known = finite(value)
    if known is None:
        return DASH
    text = f"{known:+,.{digits}f}" if signed else f"{known:,.{digits}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("+-")
    return text.replace(",", THIN_SPACE).replace("-", MINUS)


def count(value: Any) -> str:
    """A whole number with thin spaces between thousands."""
    return number(value, 0)


def percent(value: Any, digits: int | None = None, signed: bool = False) -> str:
    """A share as per cent; one decimal below 10 %, none above, unless told."""
    known = finite(value)
    if known is None:
        return DASH
    if digits is None:
        digits = 1 if 0.0 < abs(known) < 0.0995 or 0.995 < abs(known) < 1.0 else 0
    return f"{number(100.0 * known, digits, signed)}{THIN_SPACE}%"


def scientific(value: Any, digits: int = 2) -> str:
    """Plain decimals in a readable range, powers of ten outside it."""
    known = finite(value)
    if known is None:
        return DASH
    if known == 0.0 or 1e-3 <= abs(known) < 1e5:
        return number(known, max(digits, 2 - math.floor(math.log10(abs(known)))) if known else digits)
    return f"{known:.{digits}e}".replace("-", MINUS)


def rate(value: Mapping[str, Any] | None, kind: Kind = "percent", digits: int = 2, reason: str = "") -> Shown:
    """A rate object of ``summary.json`` (value, k, n, low, high, method) ready to be printed.

    Args:
        value: the rate object; None = not measured.
        kind: per cent for shares, plain number for rates per minute or km.
        digits: decimals of a plain number.
        reason: why it is undefined, if the caller knows better than "no trials".
    """
    if value is None:
        return Shown(DASH, reason=reason or "not measured")

    def form(part: Any) -> str:
        if kind == "number":
            return number(part, digits)
        return percent(part, signed=kind == "signed_percent")

    n, k = finite(value.get("n")), finite(value.get("k"))
    counted = ""
    if n is not None:
        whole = n == int(n) and (k is None or k == int(k))
        shown_n = count(n) if whole else number(n, 1)
        counted = (
            f"n{THIN_SPACE}={THIN_SPACE}{shown_n}" if k is None else f"{count(k)}{THIN_SPACE}/{THIN_SPACE}{shown_n}"
        )
    low, high = finite(value.get("low")), finite(value.get("high"))
    interval = ""
    if n and (low is not None or high is not None):
        ends = [form(end).replace(f"{THIN_SPACE}%", "") if end is not None else "∞" for end in (low, high)]
        interval = f"[{ends[0]}, {ends[1]}]"
    if finite(value.get("value")) is None:
        why = reason or str(value.get("reason") or "") or ("no trials" if not n else "too few events for a rate")
        return Shown(DASH, interval, counted, why, str(value.get("method") or ""))
    return Shown(form(value["value"]), interval, counted, method=str(value.get("method") or ""))


def duration(seconds: Any) -> str:
    """Seconds as ``42 s``, ``5 min 10 s`` or ``3 h 02 min``."""
    known = finite(seconds)
    if known is None:
        return DASH
    if known < 120.0:
        return f"{known:.0f}{THIN_SPACE}s" if known >= 10 else f"{known:.1f}{THIN_SPACE}s"
    if known < 7200.0:
        return f"{int(known // 60)}{THIN_SPACE}min {int(known % 60):02d}{THIN_SPACE}s"
    return f"{int(known // 3600)}{THIN_SPACE}h {int(known % 3600 // 60):02d}{THIN_SPACE}min"


def size(byte_count: Any) -> str:
    """Bytes as kB or MB (powers of ten)."""
    known = finite(byte_count)
    if known is None:
        return DASH
    return f"{known / 1e6:.1f}{THIN_SPACE}MB" if known >= 1e6 else f"{known / 1e3:.0f}{THIN_SPACE}kB"
