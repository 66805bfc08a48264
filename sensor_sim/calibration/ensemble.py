"""May the earth mover's distance be trusted? Networks that differ in their training seed alone must score alike.

After Hagn and Grau (2022): two-sample Kolmogorov-Smirnov on every pair of networks that score the same frames; they
found every p above 0.95. Scores of the same frames are not independent, so p is a gauge of similarity here, not the
level of a test. The largest distance between two seeds is a floor: smaller differences between cameras mean nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from scipy.stats import ks_2samp

from sensor_sim.calibration.emd import Scores, checked_scores, earth_movers_distance
from sensor_sim.errors import SensorSpecError

ALARM_P = 0.05
"""Below it two seeds score so differently that a distance between cameras cannot be told from one between seeds."""

FEWEST_SEEDS = 5


@dataclass(frozen=True)
class EnsembleGate:
    """How alike the seeds score.

    Attributes:
        seeds: number of networks.
        smallest_p, least_alike: of the pair with the smallest p.
        largest_emd, furthest_apart: of the pair with the largest earth mover's distance, the noise floor.
    """

    seeds: int
    smallest_p: float
    least_alike: tuple[str, str]
    largest_emd: float
    furthest_apart: tuple[str, str]

    @property
    def passed(self) -> bool:
        """False: train longer or score more frames before comparing cameras."""
        return self.smallest_p >= ALARM_P


def ensemble_gate(scores: Mapping[str, Scores]) -> EnsembleGate:
    """Compare every pair.

    Args:
        scores: name of each network (its seed) -> its scores of the same frames, float64 (n,).

    Raises:
        SensorSpecError: fewer than two networks, or scores that are none.
    """
    if len(scores) < 2:
        raise SensorSpecError(f"{len(scores)} set of scores; give at least two, better {FEWEST_SEEDS} or more")
    checked = {name: checked_scores(values, f"the scores of {name}") for name, values in scores.items()}
    pairs = list(combinations(checked, 2))
    p_values = {pair: float(ks_2samp(checked[pair[0]], checked[pair[1]]).pvalue) for pair in pairs}
    distances = {pair: earth_movers_distance(checked[pair[0]], checked[pair[1]]) for pair in pairs}
    least_alike = min(pairs, key=lambda pair: p_values[pair])
    furthest_apart = max(pairs, key=lambda pair: distances[pair])
    return EnsembleGate(len(checked), p_values[least_alike], least_alike, distances[furthest_apart], furthest_apart)


def add_command(commands: Any) -> None:
    """Declare the command's options."""
    parser = commands.add_parser("ensemble", help="do networks of different training seeds score alike?")
    parser.add_argument("scores", nargs="+", type=Path, help="JSON files, each a network's scores of the same frames")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; exit code 1 = alarm."""
    scores = {}
    for path in options.scores:
        try:
            scores[str(path)] = checked_scores(json.loads(path.read_text(encoding="utf-8")), f"the scores of {path}")
        except (OSError, json.JSONDecodeError) as error:
            raise SensorSpecError(f"{path}: {error}") from None
    gate = ensemble_gate(scores)
    print(f"smallest p of {gate.seeds} seeds: {gate.smallest_p:.3g} ({' and '.join(gate.least_alike)})")
    print(f"largest distance between two seeds: {gate.largest_emd:.3g}; smaller differences of cameras mean nothing")
    if gate.seeds < FEWEST_SEEDS:
        print(f"only {gate.seeds} seeds; {FEWEST_SEEDS} or more say how far chance goes")
    print("the seeds score alike" if gate.passed else f"ALARM: p below {ALARM_P}; do not compare cameras with these")
    return 0 if gate.passed else 1
