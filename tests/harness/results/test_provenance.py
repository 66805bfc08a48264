"""Provenance names what matters and nothing of the machine's folders."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np

from harness.results.provenance import provenance, without_paths


def test_versions_source_and_hardware_are_named(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], capture_output=True, check=True)
        return done.stdout.decode().strip()

    git("init", "-q")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-qm", "first")
    clean = provenance(tmp_path)
    (tmp_path / "file").write_text("two")
    assert clean["packages"]["numpy"] == np.__version__
    assert clean["git_commit"] == git("rev-parse", "HEAD") and clean["git_modified"] is False
    assert provenance(tmp_path)["git_modified"] is True
    assert 1 <= clean["hardware"]["cores"] <= (os.cpu_count() or 1)
    assert str(tmp_path) not in json.dumps(clean)


def test_outside_a_repository_the_commit_is_null(tmp_path: Path) -> None:
    assert provenance(tmp_path)["git_commit"] is None


def test_command_lines_lose_their_absolute_paths_only() -> None:
    given = [
        "run_campaign.py",
        "scenarios/curves.yaml",
        "--out",
        "/home/ann/results/first",
        "--set",
        "seeds=3",
    ]
    assert without_paths(given) == [*given[:3], "…/first", *given[4:]]
    assert without_paths(["--out=/srv/data/x/", "attach:127.0.0.1:2000", "binary:/opt/carla/CarlaUE4.sh"]) == [
        "--out=…/x",
        "attach:127.0.0.1:2000",
        "binary:…/CarlaUE4.sh",
    ]
