"""What a full disk, a damaged index or a half-written record does to stored results: nothing to the others."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.results.index import read_index
from harness.results.store import CampaignStore, StorageError, verify
from tests.harness.results.records import record

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three stored episodes."""
    with CampaignStore.create(tmp_path / "campaign") as store:
        store.write_campaign({"name": "curves"})
        for name in ("e1", "e2", "e3"):
            store.add_episode(record(name))
    return tmp_path / "campaign"


def test_a_truncated_file_is_found_on_resuming_and_only_its_episode_runs_again(folder: Path) -> None:
    path = folder / "episodes/e2/ticks.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with CampaignStore.open(folder) as store:
        (problem,) = store.drop_damaged()
        assert problem == "episodes/e2/ticks.parquet differs from its size in index.jsonl"
        assert list(store.finished()) == ["e1", "e3"]
        store.add_episode(record("e2"))
        assert store.drop_damaged() == [] and len(store.finished()) == 3
    assert verify(folder) == []


def test_a_flipped_bit_is_found_when_hashes_are_checked(folder: Path) -> None:
    path = folder / "episodes/e2/events.json"
    path.write_bytes(path.read_bytes().replace(b"33.5", b"34.5"))
    with CampaignStore.open(folder) as store:
        assert store.drop_damaged() == [], "a resume looks at sizes"
        (problem,) = store.drop_damaged(check_hashes=True)
        assert "differs from its hash" in problem and list(store.finished()) == ["e1", "e3"]


def test_a_damaged_index_line_costs_one_episode(folder: Path) -> None:
    path = folder / "index.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\0\0garbage\n" + lines[2])
    with CampaignStore.open(folder) as store:
        (problem,) = store.drop_damaged()
        assert "line 2" in problem and list(store.finished()) == ["e1", "e3"]
    assert list(read_index(path)) == ["e1", "e3"]


FILL = """
    import resource, signal, sys
    from pathlib import Path
    from harness.results.store import CampaignStore, StorageError
    from tests.harness.results.records import record
    store = CampaignStore.open(Path(sys.argv[1]))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        store.add_episode(record("e4", rows=4000))
    except StorageError as error:
        print(error)
"""


@pytest.mark.parametrize("limit_bytes", [2000, 40_000])
def test_a_write_that_fails_halfway_leaves_no_trace(folder: Path, limit_bytes: int) -> None:
    """A limit on the size of files stands for a disk that is full in the middle of one."""
    code = textwrap.dedent(FILL)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(limit_bytes)],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "storing episode e4 failed: File too large" in done.stdout and "--resume" in done.stdout
    assert sorted(path.name for path in (folder / "episodes").iterdir()) == ["e1", "e2", "e3"]
    with CampaignStore.open(folder) as store:
        assert store.drop_damaged() == [] and len(store.finished()) == 3
    assert verify(folder) == []


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="making the results folder failed: Not a directory"):
        CampaignStore.create(tmp_path / "file" / "results")


READ_ONLY = """
    import sys
    from pathlib import Path
    from harness.results.store import CampaignStore, StorageError
    try:
        CampaignStore.open(Path(sys.argv[1]))
    except StorageError as error:
        print(error)
"""
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def test_a_results_folder_that_is_read_only_is_named_and_left_as_it_was(folder: Path) -> None:
    """In a namespace of its own, where even root may not write to it."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -c "$3" "$1"'
    shell = [*NAMESPACE, "sh", "-c", mount, "sh", str(folder), sys.executable, textwrap.dedent(READ_ONLY)]
    done = subprocess.run(shell, cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode != 0 and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip("this kernel does not let users mount")
    assert "Read-only file system" in done.stdout and "make it writable" in done.stdout, done.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
