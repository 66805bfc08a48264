"""Which keys a campaign file may have at a place: read off the JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.campaign.spec import json_schema


def allowed_keys(location: Sequence[str | int]) -> list[str]:
    """Keys of the mapping at ``location`` (as pydantic reports it, names of union members included)."""
    schema = json_schema()
    places = [schema]
    for part in location:
        found = [inner for place in places for inner in _inner(schema, place, part)]
        # A name of a union's member that the schema does not know narrows nothing.
        places = found or places
    keys: dict[str, None] = {}
    for place in places:
        for option in _options(schema, place):
            keys.update(dict.fromkeys(option.get("properties", {})))
    return list(keys)


def _options(schema: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in place:
        yield from _options(schema, schema["$defs"][place["$ref"].rsplit("/", 1)[-1]])
        return
    members = [*place.get("oneOf", ()), *place.get("anyOf", ())]
    if not members:
        yield dict(place)
    for member in members:
        yield from _options(schema, member)


def _inner(schema: Mapping[str, Any], place: Mapping[str, Any], part: str | int) -> Iterator[dict[str, Any]]:
    tagged = place.get("discriminator", {}).get("mapping", {})
    if part in tagged:
        yield {"$ref": tagged[part]}
        return
    for option in _options(schema, place):
        if isinstance(part, int):
            if isinstance(option.get("items"), dict):
                yield option["items"]
        elif part in option.get("properties", {}):
            yield option["properties"][part]
