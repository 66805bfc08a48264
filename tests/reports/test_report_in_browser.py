"""The report in a real headless Chromium: renders, stays offline, filters, sorts, plays, stays text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.reports.browser import Browser
from tests.reports.conftest import HOSTILE

SECTIONS = (
    *(
        "verdict",
        "headline",
        "questions",
        "slices",
        "proof",
        "safety",
        "rescue",
        "paper",
        "conditions",
        "doses",
        "monitors",
    ),
    *("curves", "maps", "episodes", "departures", "provenance", "glossary"),
)
VISIBLE_ROWS = "return [...document.querySelectorAll('#episodes-table tbody tr')].filter(r => !r.hidden).length"
Opener = Callable[[], Browser]


def test_sections_render_in_order_without_errors_and_without_network(report: Opener) -> None:
    page = report()
    page.console(), page.requested_urls()
    page = report()
    assert tuple(page.run("return [...document.querySelectorAll('main section')].map(s => s.id)")) == SECTIONS
    heights = page.run("return [...document.querySelectorAll('main section')].map(s => s.offsetHeight)")
    assert min(heights) > 60
    assert page.console() == []
    urls = page.requested_urls()
    assert urls and all(url.startswith(("file:", "data:")) for url in urls)


def test_verdict_names_what_is_missing_and_the_simulator(report: Opener) -> None:
    text = report().run("return document.querySelector('#verdict').innerText")
    for words in ("INSUFFICIENT", "missing", "of 300", "embedded", "not yet been run against CARLA itself"):
        assert words in text


def test_filter_by_result_and_text_and_clear(report: Opener) -> None:
    page = report()
    total = page.run(VISIBLE_ROWS)
    page.run(
        "let s = document.querySelector('select[data-column=result]'); s.value = 'departed';"
        "s.dispatchEvent(new Event('change'))"
    )
    departed = page.run(VISIBLE_ROWS)
    assert 0 < departed < total
    badges = (
        "return [...document.querySelectorAll('#episodes-table tbody tr:not([hidden]) .badge')].map(b => b.innerText)"
    )
    assert set(page.run(badges)) == {"departed"}
    page.run(
        "let t = document.getElementById('filter-text'); t.value = 'no such road'; t.dispatchEvent(new Event('input'))"
    )
    assert page.run(VISIBLE_ROWS) == 0
    assert page.run("return document.getElementById('episodes-shown').textContent").startswith("0 of")
    page.run("document.getElementById('filter-clear').click()")
    assert page.run(VISIBLE_ROWS) == total


def test_sorting_is_numeric_and_leaves_unknown_values_last(report: Opener) -> None:
    page = report()
    values = (
        "return [...document.querySelectorAll('#episodes-table tbody tr')].map(r => r.cells[6])"
        ".map(c => c.dataset.value ?? c.textContent)"
    )
    click = "document.querySelectorAll('#episodes-table th button')[6].click()"
    for reverse in (False, True):
        page.run(click)
        shown = page.run(values)
        known = [float(value) for value in shown if value]
        assert known and known == sorted(known, reverse=reverse)
        assert all(value == "" for value in shown[len(known) :])


def test_a_long_table_shows_its_first_rows_and_all_on_demand(report: Opener) -> None:
    page = report()
    total = page.run(VISIBLE_ROWS)
    # The same page with eight times the episodes.
    page.run(
        "const b = document.querySelector('#episodes-table tbody'), all = [...b.rows];"
        "for (let k = 0; k < 7; k += 1) all.forEach(r => b.appendChild(r.cloneNode(true)));"
        "const s = document.createElement('script');"
        "s.textContent = [...document.scripts].pop().textContent; document.body.appendChild(s)"
    )
    assert 8 * total > 200 and page.run(VISIBLE_ROWS) == 200
    assert page.run("return document.getElementById('episodes-shown').textContent").endswith("the first 200 shown")
    page.run("document.getElementById('episodes-more').click()")
    assert page.run(VISIBLE_ROWS) == 8 * total
    assert page.run("return document.getElementById('episodes-more').hidden")


def test_a_departure_leads_to_its_player(report: Opener) -> None:
    page = report()
    assert page.run(
        "return [...document.querySelectorAll('.event img')].every(i => i.alt && i.src.startsWith('data:'))"
    )
    page.run("document.querySelector('#departures a.watch').click()")
    moment = page.run_async(
        "const done = arguments[arguments.length - 1];"
        "const look = () => { const p = document.getElementById('player');"
        " p && p.dataset.tick ? done(document.getElementById('here').hash) : setTimeout(look, 20); }; look();"
    )
    assert moment.startswith("#t=") and moment != "#t=0.00"


def test_page_never_scrolls_sideways(report: Opener) -> None:
    page = report()
    for width in (1440, 768, 390):
        page.resize(width, 900)
        assert page.run("return document.documentElement.scrollWidth") <= width


def test_text_has_enough_contrast_in_light_and_dark(report: Opener) -> None:
    page = report()
    script = """
      const lum = c => { const p = c.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 });
        return .2126*p[0] + .7152*p[1] + .0722*p[2] };
      const ground = e => { while (e) { const b = getComputedStyle(e).backgroundColor;
        if (!/, 0\\)$|transparent/.test(b)) return b; e = e.parentElement } return 'rgb(255,255,255)' };
      const bad = [];
      const all = 'p, th, td, dt, dd, li, a, summary, .badge, .n, .ci, .why, figcaption';
      for (const e of document.querySelectorAll(all)) {
        if (!e.innerText || /color\\(/.test(ground(e)) || !e.offsetParent || e.className === 'skip') continue;
        const a = lum(getComputedStyle(e).color), b = lum(ground(e));
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) bad.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)} ${e.innerText.slice(0, 30)}`);
      }
      return [...new Set(bad)]"""
    for scheme in ("light", "dark"):
        page.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        assert page.run(script) == [], scheme
    page.devtools("Emulation.setEmulatedMedia", {"features": []})


def test_everything_with_a_meaning_has_a_name(report: Opener) -> None:
    page = report()
    unnamed = "return document.querySelectorAll('svg[role=img]:not([aria-label]), img:not([alt])').length"
    assert page.run(unnamed) == 0
    assert page.run("return document.querySelectorAll('svg[role=img]').length") > 10
    focusable = "return [...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0 && e.ariaLabel)"
    assert page.run(focusable)


def test_hostile_names_stay_text(hostile_campaign: Path, chromium: Browser) -> None:
    chromium.console()
    chromium.open(hostile_campaign / "report.html")
    assert chromium.run("return window.hacked === undefined")
    assert chromium.run("return document.querySelectorAll('img').length") == 0
    assert chromium.run("return document.querySelector('h1').textContent") == HOSTILE
    assert HOSTILE in chromium.run("return document.querySelector('#episodes-table tbody').textContent")
    assert chromium.console() == []
