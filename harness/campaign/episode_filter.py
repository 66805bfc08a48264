"""Which episodes of a campaign to run: ``--filter KEY=PATTERN`` on the names that tables show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from harness.campaign.episode_spec import EpisodeSpec
from harness.campaign.errors import ScenarioError

_TEXT_OF: Mapping[str, Callable[[EpisodeSpec], str]] = {
    "road": lambda episode: episode.road,
    "weather": lambda episode: episode.weather.name,
    "condition": lambda episode: episode.condition,
    "mode": lambda episode: str(episode.mode),
    "seed": lambda episode: str(episode.seed_index),
    "pair": lambda episode: episode.pair_id,
    "episode": lambda episode: episode.episode_id,
}


def filtered(episodes: Iterable[EpisodeSpec], filters: Sequence[str]) -> list[EpisodeSpec]:
    """The episodes that every filter lets through, in their order.

    Args:
        episodes: of a campaign.
        filters: ``key=pattern[,pattern…]``: any of the patterns (``*``, ``?``, ``[…]``, case counts) must match.

    Raises:
        ScenarioError: a filter cannot be understood, or nothing is left.
    """
    tests = [_parsed(text) for text in filters]
    left = [e for e in episodes if all(any(fnmatchcase(of(e), p) for p in patterns) for of, patterns in tests)]
    if not left and filters:
        raise ScenarioError(f"--filter {' --filter '.join(filters)}: no episode is left; --dry-run lists them all")
    return left


def _parsed(text: str) -> tuple[Callable[[EpisodeSpec], str], list[str]]:
    key, equals, patterns = text.partition("=")
    if not equals or not patterns:
        raise ScenarioError(f"--filter {text}: write key=pattern, for example --filter 'condition=noise*'")
    if key not in _TEXT_OF:
        close = get_close_matches(key, _TEXT_OF, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ScenarioError(f"--filter {text}: no key {key!r}{hint}; there are {', '.join(_TEXT_OF)}")
    return _TEXT_OF[key], patterns.split(",")
