"""Whether a network of a certain fit lies on disk already, so that a study that goes on neither repeats nor mixes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.weights_io import MissingWeightsError, card_path, load_json


class OtherFitError(RuntimeError):
    """The network on disk comes from another fit than the one that is asked for."""


def is_fitted(path: Path, wanted: Mapping[str, Any]) -> bool:
    """Whether the network is there, whole, and of this very fit.

    Args:
        path: weights file. wanted: entries of its card that decide the fit; of an entry that is a mapping, only the
            names in ``wanted`` are compared.

    Returns:
        False where there is none, or where a kill came between the weights and their card.

    Raises:
        OtherFitError: its card says something else.
        WeightsError: the card is damaged.
    """
    if not path.exists():
        return False
    try:
        card = load_json(card_path(path))
    except MissingWeightsError:
        return False
    different = [name for name, value in wanted.items() if not _says(card.get(name), value)]
    if different:
        raise OtherFitError(
            f"{path} was fitted with other {' and '.join(different)}: begin --fresh, or name another --out"
        )
    return True


def _says(stored: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(stored == wanted)
    return isinstance(stored, Mapping) and all(_says(stored.get(name), value) for name, value in wanted.items())
