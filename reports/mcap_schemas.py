"""JSON schemas of the messages in an exported episode: Foxglove's names and fields, and one of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]


def _object(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_NUMBER: Schema = {"type": "number"}
_TEXT: Schema = {"type": "string"}
_TIME = _object({"sec": {"type": "integer"}, "nsec": {"type": "integer"}})
_VECTOR = _object(dict.fromkeys("xyz", _NUMBER))
_POSE = _object({"position": _VECTOR, "orientation": _object(dict.fromkeys("xyzw", _NUMBER))})
_COLOUR = _object(dict.fromkeys("rgba", _NUMBER))
_LINE = _object(
    {
        "type": {"type": "integer"},
        "pose": _POSE,
        "thickness": _NUMBER,
        "scale_invariant": {"type": "boolean"},
        "points": _list(_VECTOR),
        "color": _COLOUR,
        "colors": _list(_COLOUR),
        "indices": _list({"type": "integer"}),
    }
)
_ENTITY = _object(
    {
        "timestamp": _TIME,
        "frame_id": _TEXT,
        "id": _TEXT,
        "lifetime": _TIME,
        "frame_locked": {"type": "boolean"},
        "lines": _list(_LINE),
    }
)

FOXGLOVE: dict[str, Schema] = {
    "foxglove.PoseInFrame": _object({"timestamp": _TIME, "frame_id": _TEXT, "pose": _POSE}),
    "foxglove.SceneUpdate": _object({"deletions": _list(_object({})), "entities": _list(_ENTITY)}),
    "foxglove.CompressedImage": _object(
        {
            "timestamp": _TIME,
            "frame_id": _TEXT,
            "data": {"type": "string", "contentEncoding": "base64"},
            "format": _TEXT,
        }
    ),
    "foxglove.Log": _object(
        {
            "timestamp": _TIME,
            "level": {"type": "integer"},
            "message": _TEXT,
            "name": _TEXT,
            "file": _TEXT,
            "line": _NUMBER,
        }
    ),
}
"""Name -> schema, the parts of Foxglove's that are written here."""


def tick_schema(columns: Sequence[str]) -> Schema:
    """Schema of one row of the tick table; null where a value is undefined."""
    return _object({name: {"type": ["number", "null"]} for name in columns})
