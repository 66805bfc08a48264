"""A campaign with thirty monitors stays readable: the best of each kind are drawn apart, offline ones are marked."""

from __future__ import annotations

from pathlib import Path

from reports.campaign_data import CampaignData, load
from reports.line_styles import MOST_LINES, line_styles, lines_to_draw
from reports.page import environment
from reports.sections import monitors

KINDS = {f"learned_{k}": "learned" for k in range(18)} | {f"control_{k}": "baseline" for k in range(6)}
KINDS |= {"saliency_student": "learned", "camera_student": "learned", "oracle": "privileged"}


def test_the_best_of_each_kind_get_a_line_in_their_order() -> None:
    merits = {name: float(place % 7) for place, name in enumerate(KINDS)} | {"learned_3": 9.0, "saliency_student": 8.0}
    drawn, banded = lines_to_draw(merits, KINDS.__getitem__)
    assert drawn == [name for name in KINDS if name in drawn]
    counts = {kind: sum(KINDS[name] == kind for name in drawn) for kind in MOST_LINES}
    assert counts == {"learned": 7, "baseline": 3, "privileged": 1}
    assert banded == {"learned_3", "saliency_student"}
    left_out = [merits[name] for name in KINDS if KINDS[name] == "learned" and name not in drawn]
    assert max(left_out) <= min(merits[name] for name in drawn if KINDS[name] == "learned")


def test_no_two_lines_look_the_same_and_the_papers_two_keep_their_colours() -> None:
    styles = line_styles(list(KINDS), KINDS.__getitem__)
    assert len(set(styles.values())) == len(styles)
    assert styles["saliency_student"] == "c-blue" and styles["camera_student"] == "c-orange"
    assert all(styles[name].startswith("c-grey") for name in KINDS if KINDS[name] == "baseline")


def test_a_monitor_scored_afterwards_is_marked_wherever_its_figures_stand(campaign: Path) -> None:
    known = load(campaign)
    summary = dict(known.summary)
    summary["monitors"] = [
        dict(entry, scored_offline=entry["name"] == "camera_student") for entry in summary["monitors"]
    ]
    data = CampaignData(known.folder, known.campaign, summary, known.episodes, known.entries)
    assert data.offline == {"camera_student"}
    section = monitors.build(data)
    page = environment().get_template(section.template).render(view=section.view, offline=data.offline)
    tables = sum(len(point["rows"]) > 0 for point in section.view["points"]) + 1  # and the ranking
    assert page.count('title="scored offline, on stored pictures"') == tables
    assert "no latency in the loop: camera_student" in page
    nothing = environment().get_template(section.template).render(view=section.view)
    assert "offline" not in nothing
