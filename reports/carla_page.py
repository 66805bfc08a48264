"""The page that says what a verification of a running CARLA found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>CARLA verification</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2733 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } td, th { padding: .25rem .8rem; text-align: left;
border-bottom: 1px solid #d5dbe2 } td.number { text-align: right; font-variant-numeric: tabular-nums }
.bad { color: #a3160c; font-weight: 600 }
</style></head><body>
<h1>CARLA verification</h1>
<p>Simulator at {{ result.address }}, version {{ result.simulator.version }}, map {{ result.map }}.</p>
{% if result.simulator.scene_version is not none %}
<p class="bad">This is the embedded simulator, not CARLA itself: it numbers its pictures
(version {{ result.simulator.scene_version }}). The harness has not yet been run against CARLA itself.</p>
{% endif %}
<h2>Does it repeat itself?</h2>
<p>{{ result.divergence.repeats }} repeats of one episode:
{% if result.divergence.identical %}identical in every tick.{% else %}
<span class="bad">they differ</span>, first at tick {{ result.divergence.first_differing_tick }}, by at most
{{ "%.3f"|format(result.divergence.largest_distance_m) }} m. Twins cannot be compared tick by tick there.{% endif %}</p>
<h2>The same small campaign on both simulators</h2>
<table><tr><th></th><th>episodes with a tyre over the line</th></tr>
{% for side, count in result.comparison.departures.items() %}
<tr><td>{{ side }}</td><td class="number">{{ count.k }} of {{ count.n }}</td></tr>{% endfor %}</table>
<p>Rank correlation of the episodes' smallest lane margins: {{ number(result.comparison.margins.spearman) }}
(n = {{ result.comparison.margins.n }}). Of the monitors' AUROC: {{ number(result.comparison.monitors.spearman) }}
(n = {{ result.comparison.monitors.n }} monitors).</p>
<table><tr><th>monitor</th>{% for side in result.comparison.monitors.auroc %}<th>AUROC, {{ side }}</th>{% endfor %}</tr>
{% for name in names %}<tr><td>{{ name }}</td>
{% for values in result.comparison.monitors.auroc.values() %}<td class="number">{{ number(values.get(name)) }}</td>
{% endfor %}</tr>{% endfor %}</table>
<h2>Calls</h2>
<table><tr><th>call</th><th>answer</th></tr>
{% for call in result.calls %}<tr><td>{{ call.call }}</td>
<td>{% if call.problem %}<span class="bad">{{ call.problem }}</span>{% else %}{{ call.answer }}{% endif %}</td></tr>
{% endfor %}</table>
</body></html>
"""


def write_carla_page(result: Mapping[str, Any], path: Path) -> Path:
    """Write what `harness.cluster.carla_verification.verify_carla` found as a page; every text in it is escaped."""
    names = sorted({name for values in result["comparison"]["monitors"]["auroc"].values() for name in values})
    page = Environment(autoescape=True).from_string(_PAGE).render(result=result, names=names, number=_number)
    path.write_text(page, encoding="utf-8")
    return path


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
