"""The paper's figures beside ours, as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_PRINTED = "graph only"
DASH = "–"
_COLUMNS = ("log_based", "on_policy")


def paper_table(result: Mapping[str, Any]) -> str:
    """Rows: driver MAE (Fig. 2), predictor MAE (Fig. 4), safety gained (Table 1) by |reference SWA|.

    Args:
        result: what `agents.training.evaluate` saves.
    """
    lines = [
        f"Configuration `{result['configuration']}`",
        "",
        "| figure | SWA | the paper | log-based | on-policy |",
        "|---|---|---|---|---|",
    ]
    columns = result["columns"]
    for which in ("trained", "weak"):
        networks = [_network(columns[name], which) for name in _COLUMNS]
        driven = [None if found is None else list(found["driver_mae_deg"]) for found in networks]
        for index, label in enumerate(_ranges(driven)):
            cells = [DASH if rows is None else _degrees(rows[index]["mae"]) for rows in driven]
            lines.append(_row(f"Fig. 2, MAE of the {which} driver", label, NOT_PRINTED, cells))
    for arm in result["arms"]:
        judged = [_arm(columns[name], arm) for name in _COLUMNS]
        kind = "camera" if arm["maps"] is None else "saliency"
        for index, label in enumerate(_ranges(judged)):
            cells = [DASH if rows is None else _degrees(rows[index]["predictor_mae_deg"]) for rows in judged]
            lines.append(_row(f"Fig. 4, MAE of `{arm['name']}`", label, NOT_PRINTED, cells))
        for index, label in enumerate(_ranges(judged)):
            printed = result["paper"]["tpr_percent"][kind]
            paper = f"{printed[index]} %, no FPR" if index < len(printed) else DASH
            cells = [DASH if rows is None else _gained(rows[index]) for rows in judged]
            lines.append(_row(f"Table 1, safety gained (TPR at 5°) of `{arm['name']}`", label, paper, cells))
    return "\n".join(lines) + "\n"


def _row(figure: str, label: str, paper: str, cells: list[str]) -> str:
    return f"| {figure} | {label} | {paper} | {' | '.join(cells)} |"


def _network(column: Mapping[str, Any] | None, which: str) -> Mapping[str, Any] | None:
    return None if column is None else column.get(which)


def _arm(column: Mapping[str, Any] | None, arm: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    figures = _network(column, arm["errors"])
    monitor = None if figures is None else figures["monitors"].get(arm["name"])
    return None if monitor is None else list(monitor["ranges"])


def _ranges(found: list[list[Mapping[str, Any]] | None]) -> list[str]:
    """Labels of the rows; none where no column has them."""
    rows = next((rows for rows in found if rows is not None), [])
    return [row["range_deg"] if row["range_deg"] == "all" else f"{row['range_deg']}°" for row in rows]


def _degrees(rate: Mapping[str, Any]) -> str:
    if rate["value"] is None:
        return f"{DASH} (n {rate['n']:g})"
    return f"{rate['value']:.2f}°{_interval(rate, 1.0, 2)}, n {rate['n']:g}"


def _gained(row: Mapping[str, Any]) -> str:
    tpr, fpr = row["tpr"], row["fpr"]
    if tpr["value"] is None:
        gained = f"{DASH} ({tpr['k']:g} of {tpr['n']:g})"
    else:
        gained = f"{100 * tpr['value']:.0f} %{_interval(tpr, 100.0, 0)}, n {tpr['n']:g}"
    false = DASH if fpr["value"] is None else f"{100 * fpr['value']:.1f} % of {fpr['n']:g}"
    return f"{gained}; FPR {false}"


def _interval(rate: Mapping[str, Any], factor: float, digits: int) -> str:
    if rate["low"] is None or rate["high"] is None:
        return " (no interval: too few runs)"
    return f" [{factor * rate['low']:.{digits}f}, {factor * rate['high']:.{digits}f}]"
