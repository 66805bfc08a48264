"""What a new campaign is compared with: a folder, or whichever campaign of its kind a tag names."""

from __future__ import annotations

from pathlib import Path

from harness.results.history import DEFAULT_RESULTS, LAST_GOOD, History, HistoryError
from harness.results.store import read_campaign_json


def check_baseline(text: str, out: Path, name: str, tier: str | None) -> None:
    """Refuse a baseline that cannot be one, before anything runs.

    Args:
        text: folder of a campaign, or a tag.
        out: where the new campaign's folder lies or will lie.
        name, tier: of the new campaign.

    Raises:
        StoreError: a folder without a campaign, a tag without a catalogue, or a tag that names nothing. That nothing
            is ``last-good`` yet is no reason not to run: the first campaign is the one to be named so.
    """
    if _is_folder(text):
        read_campaign_json(Path(text))
        return
    history = _history(text, out)
    if text != LAST_GOOD:
        history.tagged(text, name, tier)


def find_baseline(text: str, folder: Path) -> Path:
    """Folder of the campaign to compare a finished one with.

    Args:
        text: folder of a campaign, or a tag. folder: of the finished campaign.

    Raises:
        StoreError: the tag names no campaign of this name and tier, or this very campaign.
    """
    if _is_folder(text):
        found = Path(text)
    else:
        campaign = read_campaign_json(folder)
        found = _history(text, folder).tagged(text, campaign["name"], campaign.get("tier"))
    if found.resolve() == folder.resolve():
        raise HistoryError(f"{text} is this very campaign: there is nothing to compare it with")
    return found


def _is_folder(text: str) -> bool:
    return "/" in text or Path(text).is_dir()


def _history(tag: str, folder: Path) -> History:
    history = History.over(folder)
    if history is None:
        raise HistoryError(
            f"--baseline {tag}: no catalogue lists {folder}, so no tag can name its baseline. Leave --out out, choose "
            f"one below {DEFAULT_RESULTS}/, or give the folder of a campaign"
        )
    return history
