"""Weights on disk: safetensors with a model card (JSON) beside, hashed, never pickle.

Tensors are stored as float16 (half the size; the rounding is part of the shipped model) and computed with as
float32. What the network needs to be rebuilt (its configuration) lies inside the file, so the hash covers it;
the card adds what a person wants to know: command, data, seed, scores.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import save as to_safetensors

from agents.errors import WeightsError

SCHEMA_VERSION = 1
WEIGHTS_FOLDER = Path(__file__).parent / "weights"
REBUILD_HINT = "run `python -m agents.training.build` to rebuild the shipped weights"

_PICKLE_SUFFIXES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin"}


class MissingWeightsError(WeightsError):
    """There is no such file."""


@dataclass(frozen=True)
class Weights:
    """A weights file in memory.

    Attributes:
        path: where it came from.
        tensors: float32, on the CPU.
        config: the network's configuration, as stored.
        sha256: hash of the file.
    """

    path: Path
    tensors: dict[str, torch.Tensor]
    config: dict[str, Any]
    sha256: str


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        MissingWeightsError: no such file.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise MissingWeightsError(f"{path}: no such file; {REBUILD_HINT}") from None


def save_weights(
    path: Path, tensors: Mapping[str, torch.Tensor], config: Mapping[str, Any], card: Mapping[str, Any]
) -> str:
    """Write a weights file and its model card, each atomically.

    Args:
        path: ends in ``.safetensors``; the card gets the same name with ``.json``.
        tensors: a module's ``state_dict()``.
        config: what is needed to rebuild the network; JSON values.
        card: provenance for people; JSON values.

    Returns:
        SHA-256 of the weights file. The same tensors and config give the same bytes.

    Raises:
        WeightsError: a tensor is not finite as float16, or the path has another suffix.
    """
    if path.suffix != ".safetensors":
        raise WeightsError(f"{path}: weights are stored as .safetensors only")
    stored = {}
    for name, tensor in tensors.items():
        half = tensor.detach().to("cpu", torch.float16).contiguous()
        if not bool(torch.isfinite(half).all()):
            raise WeightsError(f"{path}: tensor {name!r} holds values that are not finite as float16; train again")
        stored[name] = half
    # One metadata entry only: the format does not keep the order of several, and the bytes would vary.
    metadata = {"config": json.dumps({"schema_version": SCHEMA_VERSION, **config}, sort_keys=True)}
    data = to_safetensors(stored, metadata=metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, data)
    sha256 = hashlib.sha256(data).hexdigest()
    text = {
        "schema_version": SCHEMA_VERSION,
        "weights": path.name,
        "sha256": sha256,
        "config": dict(config),
        **card,
    }
    _replace(card_path(path), (json.dumps(text, indent=2, sort_keys=True) + "\n").encode())
    return sha256


def load_weights(path: Path) -> Weights:
    """Read a weights file.

    Raises:
        MissingWeightsError: no such file.
        WeightsError: a pickle, truncated, damaged, of another schema or not ours.
    """
    sha256 = sha256_of(path)
    _refuse_pickle(path)
    try:
        with safetensors.safe_open(str(path), framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).to(torch.float32) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path}: damaged or not a safetensors file ({error}); {REBUILD_HINT}") from error
    try:
        config = json.loads(metadata["config"])
        version = config.pop("schema_version")
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
        raise WeightsError(
            f"{path}: the file has no network configuration, so it was not written by this project; "
            "convert it with agents.weights_io.save_weights"
        ) from None
    if version != SCHEMA_VERSION:
        raise WeightsError(f"{path}: weights schema {version}, this program reads {SCHEMA_VERSION}; {REBUILD_HINT}")
    return Weights(path, tensors, config, sha256)


def card_path(path: Path) -> Path:
    """Where the model card of a weights file lies."""
    return path.with_suffix(".json")


def trained_on(path: Path) -> dict[str, Any] | None:
    """Whose pictures weights were trained on, as their card says.

    Args:
        path: weights file, or a JSON file that training wrote, which is its own card.

    Returns:
        ``simulator`` and ``scene_version`` (of its pictures), each None where the card does not say it; None
        without a card, or where it is that of another file.

    Raises:
        WeightsError: the card is damaged.
    """
    try:
        written = load_json(card_path(path))
    except MissingWeightsError:
        return None
    if written.get("sha256", sha256_of(path)) != sha256_of(path):
        return None
    provenance = written.get("provenance")
    said = provenance if isinstance(provenance, dict) else written
    return {"simulator": said.get("simulator"), "scene_version": said.get("scene_version")}


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that training wrote (model card, risk table, image statistics).

    Raises:
        MissingWeightsError: no such file.
        WeightsError: not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingWeightsError(f"{path}: no such file; {REBUILD_HINT}") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WeightsError(f"{path}: not valid JSON ({error}); {REBUILD_HINT}") from error
    if not isinstance(value, dict):
        raise WeightsError(f"{path}: expected a JSON object, found {type(value).__name__}; {REBUILD_HINT}")
    return value


def save_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object atomically, keys sorted, so that the same values give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, (json.dumps(dict(value), indent=2, sort_keys=True) + "\n").encode())


def _refuse_pickle(path: Path) -> None:
    """Recognise a pickle by its first bytes, whatever it is called."""
    with path.open("rb") as file:
        head = file.read(9)
    # A safetensors file begins with the length of its header, which may look like a pickle's first two bytes; then "{".
    is_safetensors = head[8:] == b"{" and head[4:8] == bytes(4)
    is_pickle = not is_safetensors and head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    if is_pickle or head[:4] == b"PK\x03\x04" or path.suffix in _PICKLE_SUFFIXES:
        raise WeightsError(
            f"{path}: this is a pickle (torch.save) and is refused: loading one runs whatever code "
            "it contains. Convert it where you trust it, with agents.weights_io.save_weights"
        )


def _replace(path: Path, data: bytes) -> None:
    """Write to a temporary name, then rename: readers see the old file or the new one, never half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
