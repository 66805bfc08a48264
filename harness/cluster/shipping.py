"""Files that a person named (weights, roads) travel with the campaign: worker nodes need no copy of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from agents.onnx_files import companions
from harness.campaign.episode_spec import EpisodeSpec

WEIGHTS_SUFFIXES = (".safetensors", ".onnx")

Files = Mapping[str, bytes]
"""Path as the campaign names it -> content."""


def files_to_ship(episodes: Iterable[EpisodeSpec]) -> dict[str, bytes]:
    """Content of every file that the episodes name by path: weights (with card and settings) and OpenDRIVE."""
    paths: set[str] = set()
    for episode in episodes:
        components = [*([] if episode.agent is None else [episode.agent]), *episode.monitors]
        paths |= {component.name for component in components if component.name.endswith(WEIGHTS_SUFFIXES)}
        if episode.world.file is not None:
            paths.add(str(episode.world.file))
    weights = [path for path in paths if path.endswith(WEIGHTS_SUFFIXES)]
    cards = {str(Path(path).with_suffix(".json")) for path in weights}
    present = paths | {card for card in cards if Path(card).is_file()}
    for path in weights:
        if path.endswith(".onnx"):
            present |= {str(beside) for beside in companions(Path(path))}
    return {path: Path(path).read_bytes() for path in sorted(present)}


def with_networks(episodes: Iterable[EpisodeSpec]) -> bool:
    """Whether anybody in the episodes has weights; who has none and computes with PyTorch all the same imports it."""
    return any(
        component.weights_sha256 is not None
        for episode in episodes
        for component in (*([] if episode.agent is None else [episode.agent]), *episode.monitors)
    )


def unpack(files: Files, folder: Path) -> dict[str, Path]:
    """Write shipped files below ``folder``; returns where each of them lies now.

    File names are kept, because tables name a network by its file. Their folders are not, so that a path cannot
    lead out of ``folder``; files that shared one keep sharing one.
    """
    places = {}
    for path, content in files.items():
        origin = hashlib.sha256(str(Path(path).parent).encode()).hexdigest()[:16]
        place = folder / origin / Path(path).name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        places[path] = place
    return places
