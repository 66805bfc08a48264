"""One source of words: pages link to it, the document is current, and nothing but text is touched."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from reports.glossary import DOCUMENT, GLOSSARY, anchor, document, link_terms
from tests.reports.browser import Browser


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run python -m reports.glossary"


def test_words_are_sorted_and_anchors_unique() -> None:
    words = [word for word, _, _ in GLOSSARY]
    assert words == sorted(words, key=str.lower)
    assert len({anchor(word) for word in words}) == len(words)


def test_first_mention_in_heads_and_notes_is_linked() -> None:
    linked = link_terms(
        Markup('<p class="note">Recall, then recall.</p><table><th scope="col">Lead times</th></table>')
    )
    assert linked.count('href="#term-recall"') == 1
    assert '<th scope="col"><a class="term" href="#term-lead-time"' in linked


def test_only_text_outside_links_controls_and_code_is_touched() -> None:
    kept = [
        '<p class="note"><a href="#x">Recall</a> <code>alarm</code> <b>alarm</b></p>',
        '<th scope="col"><button class="sort">Recall</button></th>',
        "<td>Recall</td><p>Recall</p><h3>Recall</h3>",
        '<th scope="row">recall</th>',
        '<figure><svg class="chart" aria-label="Recall > 5"><text>Recall</text></svg></figure>',
        '<p class="note" title="Recall">alarm_bell recall-like</p>',
    ]
    for text in kept:
        assert link_terms(Markup(text)) == text


def test_hostile_text_stays_as_it_was_escaped() -> None:
    text = Markup('<p class="note">&lt;script&gt;alarm&lt;/script&gt; &quot;</p>')
    linked = link_terms(text)
    assert "&lt;script&gt;<a" in linked and "<script>" not in linked and linked.endswith("&quot;</p>")


def test_every_link_of_the_page_leads_to_an_entry_and_every_figure_head_has_one(report: Callable[[], Browser]) -> None:
    page = report()
    dead = "return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
    assert page.run(dead + ".filter(id => !document.getElementById(id))") == []
    terms = set(page.run("return [...document.querySelectorAll('a.term')].map(a => a.hash)"))
    for word in ("safety-gain-sg", "availability-cost-ac", "recall", "false-alarm", "lead-time", "auroc-within-run"):
        assert f"#term-{word}" in terms
    assert page.run("return [...document.querySelectorAll('a.term')].every(a => a.title.length > 10)")
