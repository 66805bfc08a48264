"""Files that a person named (weights, roads) travel with the campaign: worker nodes need no copy of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.campaign.episode_spec import EpisodeSpec

Files = Mapping[str, bytes]
"""Path as the campaign names it -> content."""


def files_to_ship(episodes: Iterable[EpisodeSpec]) -> dict[str, bytes]:
    """Content of every weights file (with its model card) and OpenDRIVE file that the episodes name by path."""
    paths: set[str] = set()
    for episode in episodes:
        components = [*([] if episode.agent is None else [episode.agent]), *episode.monitors]
        paths |= {component.name for component in components if component.name.endswith(".safetensors")}
        if episode.world.file is not None:
            paths.add(str(episode.world.file))
    cards = {str(Path(path).with_suffix(".json")) for path in paths if path.endswith(".safetensors")}
    present = paths | {card for card in cards if Path(card).is_file()}
    return {path: Path(path).read_bytes() for path in sorted(present)}


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
