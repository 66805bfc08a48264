"""The report's parameter space: sensitivities beside the control, failures by range, cells never driven."""

from pathlib import Path

import jinja2

from harness.campaign.parameter_space import SpaceSpec
from harness.evaluation.parameter_space_figures import parameter_space_figures
from reports.campaign_data import CampaignData
from reports.campaign_report import TEMPLATES
from reports.sections import parameter_space
from tests.harness.evaluation.runs import run

SPACE = SpaceSpec.model_validate(
    {
        "parameters": [
            {"id": "speed", "target": "ego.v_max_mps", "type": "float", "min": 0, "max": 1, "unit": "m/s"},
            {"id": "pack", "target": "roads.0.texture_pack", "type": "choice", "values": ["coast", "<moor>"]},
        ],
        "sampler": {"kind": "random", "points": 1},
    }
)


def rendered(points):
    """The section of a campaign with these (speed, pack) points; fast ones depart."""
    runs = []
    for k, (speed, pack) in enumerate(points):
        facts = run(f"p{k}", departed=speed > 0.6)
        point = {"speed": speed, "pack": pack, "dummy": (k * 0.37) % 1.0}
        runs.append(
            type(facts)(**{**vars(facts), "parameters": point, "minimum_lane_margin_m": 0.6 - speed + 0.01 * (k % 3)})
        )
    summary = {"parameter_space": parameter_space_figures(SPACE, runs, set())}
    section = parameter_space.build(CampaignData(Path(), {}, summary, [], {}))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(section.template).render(view=section.view)


def test_what_acts_is_told_from_what_does_not():
    page = rendered([(k / 40, ("coast", "<moor>")[k % 2]) for k in range(40)])
    assert "40 points (random), 15 of them with a departure" in page
    row = page[page.index(">speed<") :]
    assert row.index(">acts<") < row.index("</tr>")
    control = page[page.index(">control<") :]
    assert control.index("no influence shown") < control.index("</tr>")
    assert "&lt;moor&gt;" in page and "<moor>" not in page


def test_a_cell_without_a_run_is_listed():
    page = rendered([(k / 40, "coast") for k in range(40)] + [(0.1, "<moor>")])
    assert "5 of 8 cells" in page
    assert "speed [0.75, 1], pack &lt;moor&gt;" in page


def test_a_part_of_few_points_shows_counts_and_no_rate():
    page = rendered([(k / 40, "coast") for k in range(40)])
    assert "fewer than 10 events" not in page
    few = rendered([(k / 12, "coast") for k in range(12)])
    assert "fewer than 10 events" in few
