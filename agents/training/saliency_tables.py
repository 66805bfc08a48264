"""Tables of docs/saliency.md from the stored results: ``python -m agents.training.saliency_tables``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.saliency.methods import METHODS
from agents.training.marked_tables import with_marked_tables
from agents.weights_io import load_json

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "saliency.md"
RESULTS = REPOSITORY / "benchmarks" / "results"
DASH = "–"


@dataclass(frozen=True)
class Column:
    """Of a table of the gate.

    Attributes:
        cell: figures of one method to text. of_any_order: a mere order of pixels (Sobel edges) has it too.
    """

    title: str
    cell: Callable[[Mapping[str, Any]], str]
    of_any_order: bool = False


_ORDER = (
    Column("on markings", lambda m: _bounded(m["localisation"]["lane_marking"]["concentration"]), True),
    Column("on road", lambda m: _bounded(m["localisation"]["road"]["concentration"]), True),
    Column("deletion, °", lambda m: _bounded(m["deletion"]["mean"]["deletion_above_random_deg"], 1), True),
    Column("insertion, °", lambda m: _bounded(m["deletion"]["mean"]["insertion_below_random_deg"], 1), True),
)
_RANDOM = Column("weights random", lambda m: _bounded(m["cascading"][-1]))
_LABELS = Column("nearer to true labels", lambda m: _labels(m["labels"]))
_UNRELATED = Column("unrelated", lambda m: _bounded(m["unrelated_pictures"]))
_POINT = Column("strongest on a marking", lambda m: _pointing(m["localisation"]["lane_marking"]), True)
_TIME = Column("ms", lambda m: f"{m['cpu_ms']:.0f}")


def gate_table(result: Mapping[str, Any]) -> str:
    """One row per network and method: the figures that decide."""
    return _gate_table(result, (*_ORDER, _RANDOM, _LABELS, _UNRELATED))


def papers_gate_table(result: Mapping[str, Any]) -> str:
    """The same of the papers' networks: no label randomisation, but where the strongest pixel lies, and time."""
    return _gate_table(result, (_ORDER[0], _POINT, *_ORDER[1:], _RANDOM, _UNRELATED, _TIME))


def _gate_table(result: Mapping[str, Any], columns: Sequence[Column]) -> str:
    titles = ["network", "method", *(column.title for column in columns), "flags"]
    rows = [" | ".join(titles), "|".join(["---"] * len(titles))]
    for network, figures in sorted(result["networks"].items()):
        for name in (name for name in METHODS if name in figures["methods"]):
            found = figures["methods"][name]
            cells = (column.cell(found) for column in columns)
            flags = "; ".join(found["flags"]).replace("_", " ") or "none"
            rows.append(" | ".join([network, f"`{name}`", *cells, flags]))
        edges = figures["references"]["sobel_edges"]
        edge_cells = (column.cell(edges) if column.of_any_order else DASH for column in columns)
        rows.append(" | ".join([network, "Sobel edges", *edge_cells, "reference"]))
    return _table(rows)


def speed_table(result: Mapping[str, Any]) -> str:
    """One row per network shape."""
    rows = ["network | forward | VisualBackProp | of forward | our LRP | captum's LRP | fastest LRP / VisualBackProp"]
    rows.append("|".join(["---"] * 7))
    shapes = {"driver, 66×200 YUV": result, **{f"{k}, untrained": v for k, v in result["other_shapes"].items()}}
    for name, one in shapes.items():
        cells = (
            f"{one['forward_ms']:.2f} ms",
            f"{one['visualbackprop_ms']:.2f} ms",
            f"{one['visualbackprop_share_of_forward']:.2f}",
            f"{one['lrp_without_forward_ms']:.2f} ms",
            f"{one['captum_lrp_without_forward_ms']:.2f} ms",
            f"{one['fastest_lrp_over_visualbackprop']:.1f}",
        )
        rows.append(" | ".join([name, *cells]))
    return _table(rows)


def likeness_table(result: Mapping[str, Any]) -> str:
    """Rank correlation with VisualBackProp: same picture, another picture, beyond the mean map."""
    rows = ["method | same picture | another picture | beyond the mean map", "|".join(["---"] * 4)]
    for name, one in result["rank_correlation_with_visualbackprop"].items():
        cells = (f"{one[key]:.2f}" for key in ("mean", "unrelated_pictures", "beyond_mean_map"))
        rows.append(" | ".join([f"`{name}`", *cells]))
    return _table(rows)


def cue_table(result: Mapping[str, Any]) -> str:
    """One row per scene and method."""
    rows = ["scene | pairs | answer changes | method | cue | distractor", "|".join(["---"] * 6)]
    for name, scene in result["scenes"].items():
        change = f"{_bounded(scene['answer_change_deg'], 1)}°"
        for method, one in scene["methods"].items():
            cells = (f"{_bounded(one[f'{k}_before'])} → {_bounded(one[f'{k}_after'])}" for k in ("cue", "distractor"))
            rows.append(" | ".join([name.replace("_", " "), str(scene["pairs"]), change, f"`{method}`", *cells]))
    return _table(rows)


TABLES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "gate": ("saliency_gate.json", gate_table),
    "gate_paper": ("saliency_gate_paper.json", papers_gate_table),
    "speed": ("saliency.json", speed_table),
    "likeness": ("saliency.json", likeness_table),
    "cues": ("saliency_cues.json", cue_table),
}


def with_tables(text: str, results: Path = RESULTS) -> str:
    """The page with every table written anew between its marks.

    Raises:
        PageError: a table has no marks in the page.
    """
    return with_marked_tables(text, {name: table(load_json(results / file)) for name, (file, table) in TABLES.items()})


def _bounded(mean: Mapping[str, Any] | None, digits: int = 2) -> str:
    """Value with its interval, a dash where it is undefined."""
    if mean is None or mean["value"] is None:
        return DASH
    bounds = "" if mean["low"] is None else f" [{mean['low']:.{digits}f}, {mean['high']:.{digits}f}]"
    return f"{mean['value']:.{digits}f}{bounds}"


def _pointing(located: Mapping[str, Any]) -> str:
    """Share of pictures whose strongest pixel lies there, and the share of area that makes it chance."""
    hit, area = located["pointing_game"]["value"], located["area"]["value"]
    return DASH if hit is None else f"{100 * hit:.0f} % (area {100 * area:.1f} %)"


def _labels(labels: Mapping[str, Any] | None) -> str:
    """How much nearer, and to what: true minus shuffled."""
    if labels is None or labels["nearer_true"]["value"] is None:
        return DASH
    return f"{_bounded(labels['nearer_true'])} ({labels['true']['value']:.2f} − {labels['shuffled']['value']:.2f})"


def _table(rows: list[str]) -> str:
    return "".join(f"| {row} |\n" for row in rows)


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
