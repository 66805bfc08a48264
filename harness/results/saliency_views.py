"""Where a stored run's network looked, by any saliency method: computed afterwards from what monitors were given.

A shadow run keeps the road crop of every degraded frame, the very picture its network saw; so no method costs the
driving anything, and a method that is added later explains runs of long ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.results.clips import heat_over
from harness.results.index import IndexEntry
from harness.results.reader import CorruptResultError, read_monitor_inputs
from harness.results.store import StoreError

BATCH = 32
Pictures = npt.NDArray[np.uint8]


class NoSaliencyError(StoreError):
    """A run's maps cannot be computed; the message says why."""


def saliency_views(
    folder: Path, entry: IndexEntry, agent: Mapping[str, Any] | None, first_tick: int, methods: Sequence[str]
) -> dict[str, Pictures]:
    """Method -> what the network saw from a tick on, darkened, under the heat of the method's map.

    Args:
        folder: of the campaign. entry: a shadow run stored with its monitor inputs.
        agent: ``agent`` of the episode's spec: name and hash of the weights that drove.
        first_tick: of the run, 0-based. methods: short names (`agents.saliency.methods`).

    Returns:
        uint8 RGB (ticks, height, width, 3) each.

    Raises:
        NoSaliencyError: no inputs were kept, or who drove has no network, other weights today, or another crop.
        CorruptResultError: the inputs are damaged. UnknownNameError: no such method.
    """
    # Only where maps are wanted: a report without them must not wait for PyTorch to start.
    import torch

    from agents.preprocessing import Preprocessing, to_network_input
    from agents.saliency.method import attention
    from agents.saliency.methods import find_method

    loaded = _network(agent)
    stored, wanted = Preprocessing(), loaded.preprocessing
    shape = (stored.height, stored.width, 3)
    crop = ("lower_share", "cut_bottom_share", "height", "width")
    if any(getattr(stored, name) != getattr(wanted, name) for name in crop):
        raise NoSaliencyError("the network that drove reads another part of the picture than the one that was kept")
    crops = _crops(folder, entry, first_tick, shape)
    views = {}
    for name in methods:
        method = find_method(name)
        parts = []
        for start in range(0, len(crops), BATCH):
            inputs = to_network_input(crops[start : start + BATCH], wanted.colour).to(torch.float32)
            parts.append(attention(method, loaded.network, inputs).maps[:, 0].detach().cpu().numpy())
        maps = np.concatenate(parts) if parts else np.empty((0, *shape[:2]), np.float32)
        views[name] = np.stack([heat_over(crop, found) for crop, found in zip(crops, maps, strict=True)])
    return views


def seen_rows() -> tuple[float, float]:
    """The rows of a camera picture that are kept with a shadow run, as shares of its height from the top."""
    from agents.preprocessing import Preprocessing

    return Preprocessing().seen_rows


def _network(agent: Mapping[str, Any] | None) -> Any:
    from agents.errors import AgentError, UnknownNameError, WeightsError
    from agents.network_file import load_network
    from agents.registry import make_agent

    if agent is None or agent.get("weights_sha256") is None:
        raise NoSaliencyError("who drove is no network")
    try:
        driver = make_agent(str(agent["name"]))
        path = getattr(driver, "weights_path", None)
        if path is None:
            raise NoSaliencyError(f"agent {agent['name']} does not say where its network lies")
        if driver.weights_sha256 != agent["weights_sha256"]:
            raise NoSaliencyError(f"the weights of {agent['name']} are other ones today than those that drove")
        return load_network(Path(path), "driver")
    except (AgentError, UnknownNameError, WeightsError) as error:
        raise NoSaliencyError(f"who drove is not here: {error}") from error


def _crops(folder: Path, entry: IndexEntry, first_tick: int, shape: tuple[int, ...]) -> Pictures:
    if not any(file.path.endswith("/monitor_inputs.parquet") for file in entry.files):
        raise NoSaliencyError("the run was stored without what its monitors saw (keep_monitor_inputs)")
    try:
        table = read_monitor_inputs(folder, entry).slice(first_tick)
    except CorruptResultError as error:
        if not (folder / "episodes" / entry.episode_id / "monitor_inputs.parquet").exists():
            raise NoSaliencyError("what its monitors saw was removed to save room") from error
        raise
    pictures = [np.frombuffer(value, np.uint8).reshape(shape) for value in table["crop"].to_pylist()]
    if not pictures:
        raise NoSaliencyError(f"nothing was kept from tick {first_tick} on")
    return np.stack(pictures)
