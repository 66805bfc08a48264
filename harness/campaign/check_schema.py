"""The JSON schema of a scenario file in ``docs/``, for completion and checking in editors.

``python -m harness.campaign.check_schema`` writes it again; a first line
``# yaml-language-server: $schema=../docs/scenario.schema.json`` in a scenario makes editors use it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.campaign.spec import json_schema

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "scenario.schema.json"


def schema_text() -> str:
    """The schema as it is stored."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Scenario", **json_schema()}
    return json.dumps(_yaml_friendly(schema), indent=1, ensure_ascii=False) + "\n"


def _yaml_friendly(schema: dict[str, Any]) -> dict[str, Any]:
    """Modes and weathers are written as text in a file, whatever object the text stands for."""
    for name in ("ModeSpec", "Weather"):
        if name in schema.get("$defs", {}):
            schema["$defs"][name] = {"anyOf": [{"type": "string"}, schema["$defs"][name]]}
    return schema


def main() -> None:
    """Write the file."""
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    print(SCHEMA_FILE)


if __name__ == "__main__":
    main()
