"""``python -m harness.evaluation refine``: the next round of a campaign at the boundary between passing and failing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from harness.campaign.boundary import Bracket, bracket_length, halved, midpoint, neighbours, open_brackets
from harness.campaign.parameter_space import DUMMY, Point, SpaceSpec
from harness.evaluation.parameter_space_figures import PointOutcome, point_outcomes, space_of
from harness.evaluation.safety_gain import unavoidable_worlds

TOLERANCE = 1.0 / 64.0


class RefinementError(ValueError):
    """A campaign whose boundary cannot be refined; says why."""


def add_refine_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``refine``."""
    parser.add_argument("results", type=Path, help="folder of a campaign with a parameter space")
    parser.add_argument("--out", type=Path, required=True, help="scenario file of the next round (YAML)")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help="stop where the ends of a bracket are this close, every range counting as 1 (default: 1/64)",
    )


def run_refine(options: argparse.Namespace) -> int:
    """Write the next round's scenario, or say that every bracket is narrow enough.

    Raises:
        RefinementError: no parameter space, or nothing to refine.
        StoreError, EpisodeDataError: the campaign cannot be read.
    """
    # The reader defines its records by this package's EpisodeData: imported late, or the two would import in a ring.
    from harness.evaluation.judged_campaign import judge_campaign
    from harness.results.store import read_campaign_json

    campaign = read_campaign_json(options.results)
    space = space_of(campaign)
    if space is None:
        raise RefinementError(f"{options.results} has no parameter space: declare one under 'space' in its scenario")
    facts = [episode.facts for episode in judge_campaign(options.results, campaign)]
    brackets = brackets_after(space, point_outcomes(facts, unavoidable_worlds(facts)))
    left = open_brackets(space.parameters, brackets, options.tolerance)
    for passed, failed in brackets:
        length = bracket_length(space.parameters, (passed, failed))
        print(f"boundary within {length:.4f} of {midpoint(space.parameters, passed, failed)}")
    if not left:
        print("every bracket is narrow enough: no further round")
        return 0
    options.out.write_text(next_round(campaign["spec"], left), encoding="utf-8")
    print(f"{len(left)} points to drive next: python run_campaign.py {options.out}")
    return 0


def brackets_after(space: SpaceSpec, outcomes: Sequence[PointOutcome]) -> list[Bracket]:
    """Brackets of the boundary that a finished round knows.

    Raises:
        RefinementError: no two neighbouring points of opposite outcome.
    """
    by_point = {_key(space, one.point): one.failed for one in outcomes}
    if space.sampler.kind == "bisect":
        given = [(dict(passed), dict(failed)) for passed, failed in space.sampler.brackets]
        middles = [by_point.get(_key(space, midpoint(space.parameters, *bracket))) for bracket in given]
        return halved(space.parameters, given, middles)
    passed, failed = (
        [_declared(space, one.point) for one in outcomes if one.failed is wanted] for wanted in (False, True)
    )
    found = neighbours(space.parameters, passed, failed)
    if not found:
        raise RefinementError(
            f"{len(passed)} points passed and {len(failed)} failed: a boundary needs neighbours of both kinds"
        )
    return found


def next_round(spec: Mapping[str, Any], brackets: Sequence[Bracket]) -> str:
    """The scenario (YAML) that drives the middle of each bracket.

    Args:
        spec: of the campaign before, as ``campaign.json`` holds it.
    """
    space = dict(spec["space"]) | {"sampler": {"kind": "bisect", "brackets": [list(bracket) for bracket in brackets]}}
    return yaml.safe_dump({**spec, "space": space}, sort_keys=False, allow_unicode=True)


def _declared(space: SpaceSpec, point: Mapping[str, Any]) -> Point:
    return {parameter.id: point[parameter.id] for parameter in space.parameters}


def _key(space: SpaceSpec, point: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(point[parameter.id] for parameter in space.parameters if parameter.id != DUMMY)
