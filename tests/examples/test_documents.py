"""What docs/ tells people to type and to look up exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import run_campaign
from harness.campaign.catalogue import KINDS
from harness.evaluation.summary import METRIC_VERSIONS

REPOSITORY = Path(__file__).resolve().parents[2]
EXTENDING = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
METRICS = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("named", sorted(set(re.findall(r"examples[\w.]*:\w+", EXTENDING))))
def test_every_class_that_the_page_names_is_there(named: str) -> None:
    module, _, class_name = named.partition(":")
    tree = ast.parse((REPOSITORY / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    assert class_name in [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def test_every_extension_point_has_an_example_and_a_command() -> None:
    commands = re.findall(r"python run_campaign.py --list (\w+)", EXTENDING)
    assert sorted(commands) == sorted(KINDS) == sorted(run_campaign.LISTED)
    assert len(set(re.findall(r"examples[\w.]*:\w+", EXTENDING))) == len(KINDS)


def test_every_file_that_the_pages_name_is_there() -> None:
    for name in re.findall(r"`((?:agents|docs|harness|reports|sensor_sim)/[\w/.]+)`", EXTENDING + METRICS):
        assert (REPOSITORY / name).exists(), name


def test_every_metric_with_a_version_is_explained() -> None:
    explained = dict(re.findall(r"^## .*\(`(\w+)`, version (\d+)\)", METRICS, flags=re.MULTILINE))
    assert {name: int(version) for name, version in explained.items()} == METRIC_VERSIONS
