"""``docs/scenarios.md``: every key of a scenario file, written from the typed spec.

``python -m harness.campaign.check_reference`` writes it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.campaign.spec import json_schema

REFERENCE_FILE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
HEAD = """\
# Scenario reference

A scenario is one YAML file; `CampaignSpec` below is its top level. This page is written from the typed spec by
`python -m harness.campaign.check_reference`; `docs/scenario.schema.json` is the same for editors. With this first line
in a scenario in `scenarios/`, an editor with a YAML language server completes keys and marks mistakes:

    # yaml-language-server: $schema=../docs/scenario.schema.json

Units are in the names: `_m` metres, `_mps` metres per second, `_s` seconds, `_deg` degrees, `_px` pixels.

Is a file valid, and what would run?

    python run_campaign.py scenarios/curves.yaml --check
    python run_campaign.py scenarios/curves.yaml --dry-run --filter 'condition=noise*' --filter mode=shadow
"""


def reference_text() -> str:
    """The page."""
    schema = json_schema()
    parts = [HEAD, *_section("CampaignSpec", schema)]
    for name, definition in sorted(schema["$defs"].items()):
        parts += _section(name, definition)
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, definition: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    if definition.get("description"):
        yield _prose(definition["description"]) + "\n"
    required = definition.get("required", [])
    properties = definition.get("properties", {})
    if properties:
        yield "| key | what | default |\n|---|---|---|"
        for key, place in properties.items():
            default = "required" if key in required else _code(json.dumps(place.get("default"), ensure_ascii=False))
            yield f"| `{key}` | {_kind(place)} | {default} |"
        yield ""
    else:
        yield _kind(definition) + "\n"


def _kind(place: Mapping[str, Any]) -> str:
    """A value's type and limits in words."""
    if "$ref" in place:
        name = place["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    members = [*place.get("anyOf", ()), *place.get("oneOf", ())]
    if members:
        return " or ".join(dict.fromkeys(_kind(member) for member in members))
    if "const" in place:
        return _code(str(place["const"]))
    if "enum" in place:
        return " or ".join(_code(str(value)) for value in place["enum"])
    kind = place.get("type", "any value")
    if kind == "array":
        items = place.get("items") or place.get("prefixItems")
        return "list of " + (_kind(items) if isinstance(items, dict) else "values") + _limits(place)
    if kind == "object" and isinstance(place.get("additionalProperties"), dict):
        return "mapping of names to " + _kind(place["additionalProperties"])
    return {"null": "null", "integer": "whole number", "string": "text", "boolean": "true or false"}.get(
        kind, kind
    ) + _limits(place)


def _limits(place: Mapping[str, Any]) -> str:
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "up to {}",
        "exclusiveMaximum": "below {}",
        "minItems": "at least {}",
        "maxItems": "at most {}",
        "pattern": "matching {}",
    }
    found = [
        text.format(_code(str(place[key])) if key == "pattern" else place[key])
        for key, text in words.items()
        if key in place
    ]
    return f" ({', '.join(found)})" if found else ""


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _prose(text: str) -> str:
    """A docstring as Markdown."""
    return text.replace("``", "`").replace("|", "\\|")


def main() -> None:
    """Write the file."""
    REFERENCE_FILE.write_text(reference_text(), encoding="utf-8")
    print(REFERENCE_FILE)


if __name__ == "__main__":
    main()
