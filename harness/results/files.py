"""Bytes on disk that survive a crash and are the same in every run of the same episode."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def parquet_bytes(table: pa.Table, schema_version: int) -> bytes:
    """The table as a Parquet file whose bytes depend on its content alone.

    Written from one row group with fixed settings and only the schema version as metadata, so two equal
    tables give equal files (for one pyarrow version, whose name Parquet stores in the file).
    """
    plain = table.replace_schema_metadata({"schema_version": str(schema_version)}).combine_chunks()
    sink = pa.BufferOutputStream()
    pq.write_table(
        plain,
        sink,
        compression="zstd",
        compression_level=3,
        row_group_size=max(plain.num_rows, 1),
        write_statistics=True,
    )
    return bytes(sink.getvalue())


def json_bytes(value: Any, sort_keys: bool = True) -> bytes:
    """The value as indented JSON, UTF-8; NaN and infinity are refused.

    Args:
        value: to be written. sort_keys: False where the order of keys means something.

    Raises:
        ValueError: a float that JSON cannot express; undefined is null.
    """
    text = json.dumps(value, indent=1, sort_keys=sort_keys, allow_nan=False, ensure_ascii=False)
    return text.encode() + b"\n"


def sha256_of(content: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content).hexdigest()


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until the disk has it."""
    write_all_synced({path: content})


def write_all_synced(contents: Mapping[Path, bytes]) -> None:
    """Write new files and wait until the disk has them all, and their names.

    First all writes, then all waits: the file system commits them together, several times faster than one by one.
    """
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in [*contents, *{path.parent for path in contents}]:
        _sync(path)


def replace_atomically(path: Path, content: bytes) -> None:
    """Write beside ``path``, then rename over it: readers see the old file or the new one, never a half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_synced(temporary, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in ``folder``."""
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
