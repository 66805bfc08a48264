"""Drawing primitives of the charts: a canvas of escaped SVG elements, linear scales, round tick values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Scale:
    """Linear map from data ``low..high`` to pixels ``start..end``; values outside are clamped to the ends."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Pixel of ``value``."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) between ``low`` and ``high``, roughly ``about`` of them."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    raw = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """A tick's label, without needless decimals and with a true minus sign."""
    return f"{value:g}".replace("-", "\u2212")


@dataclass
class Canvas:
    """A chart in the making. ``title`` and ``description`` are what a screen reader says."""

    width: float
    height: float
    title: str
    description: str = ""
    css: str = "chart"
    _parts: list[str] = field(default_factory=list)

    def line(self, x0: float, y0: float, x1: float, y1: float, css: str, title: str = "") -> None:
        """A straight line; ``title`` is its tooltip."""
        ends = f'x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"'
        end = f">{_tooltip(title)}</line>" if title else "/>"
        self._parts.append(f'<line {ends} class="{escape(css)}"{end}')

    def rect(self, x: float, y: float, width: float, height: float, css: str, title: str = "") -> None:
        """A filled box; ``title`` is its tooltip."""
        box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        self._parts.append(f'<rect {box} class="{escape(css)}">{_tooltip(title)}</rect>')

    def circle(self, x: float, y: float, radius: float, css: str, title: str = "") -> None:
        """A dot."""
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{escape(css)}">{_tooltip(title)}</circle>'
        )

    def path(self, commands: str, css: str, title: str = "") -> None:
        """A path of SVG commands made of numbers by the caller."""
        self._parts.append(f'<path d="{escape(commands)}" class="{escape(css)}">{_tooltip(title)}</path>')

    def text(self, x: float, y: float, text: str, css: str = "label", anchor: str = "start") -> None:
        """A line of text; anything in it stays text."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{escape(css)}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def group(self, css: str, **data: str) -> None:
        """Start a group; ``data`` become its ``data-`` attributes."""
        values = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
        self._parts.append(f'<g class="{escape(css)}"{values}>')

    def end_group(self) -> None:
        """End the group started last."""
        self._parts.append("</g>")

    def link(self, address: str) -> None:
        """Start a link around what follows; nothing without an address."""
        if address:
            self._parts.append(f'<a href="{escape(address)}">')

    def end_link(self, address: str) -> None:
        """End the link with this address."""
        if address:
            self._parts.append("</a>")

    def polyline(self, xs: Sequence[float], ys: Sequence[float | None], css: str) -> None:
        """A line through points; a missing y breaks it."""
        commands, pen_down = [], False
        for x, y in zip(xs, ys, strict=True):
            if y is None or not math.isfinite(y):
                pen_down = False
                continue
            commands.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
            pen_down = True
        if commands:
            self.path("".join(commands), css)

    def markup(self) -> Markup:
        """The finished ``<svg>`` element."""
        label = f"{self.title}. {self.description}" if self.description else self.title
        head = f'<svg class="{escape(self.css)}" viewBox="0 0 {self.width:g} {self.height:g}" role="img"'
        return Markup(f'{head} aria-label="{escape(label)}">{"".join(self._parts)}</svg>')


def _tooltip(title: str) -> str:
    return f"<title>{escape(title)}</title>" if title else ""
