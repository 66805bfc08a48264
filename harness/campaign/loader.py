"""A campaign file to its typed form; whatever is wrong is reported with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.campaign.errors import ScenarioError
from harness.campaign.schema_walk import allowed_keys
from harness.campaign.spec import CampaignSpec


def load_campaign(path: Path, overrides: Iterable[str] = ()) -> CampaignSpec:
    """Read and check a campaign file.

    Args:
        path: YAML file.
        overrides: ``key=value`` texts, see `apply_overrides`.

    Raises:
        ScenarioError: unreadable file, bad YAML, duplicate or unknown keys, wrong values; all errors at once,
            one per line, each with file, line, key and a suggestion.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ScenarioError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(data, dict) or tree is None:
        raise ScenarioError(f"{path}: a campaign file is a mapping that starts with 'campaign: <name>'")
    duplicates = list(_duplicate_keys(tree))
    if duplicates:
        raise ScenarioError("\n".join(f"{path}:{line}: key {key!r} is given twice" for line, key in duplicates))
    overridden = list(overrides)
    data = apply_overrides(data, overridden)
    try:
        return CampaignSpec.model_validate(data, context={"folder": Path(path).parent})
    except ValidationError as error:
        problems = _telling(error.errors(), data)
        raise ScenarioError("\n".join(_described(path, tree, data, p, overridden) for p in problems)) from None


def apply_overrides(data: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """A copy of ``data`` with ``key=value`` texts applied.

    The key is a path of names and list positions joined by dots (``camera.width_px``,
    ``roads.0.texture_pack``), the value is read as YAML.

    Raises:
        ScenarioError: no ``=``, bad YAML, or a path that leads nowhere.
    """
    result: dict[str, Any] = _copied(data)
    for override in overrides:
        key, equals, written = override.partition("=")
        if not equals or not key:
            raise ScenarioError(f"--set {override}: write key=value, for example --set duration_s=10")
        try:
            value = yaml.safe_load(written)
        except yaml.YAMLError:
            raise ScenarioError(f"--set {override}: the value is not valid YAML") from None
        *parents, last = key.split(".")
        place: Any = result
        for depth, part in enumerate(parents):
            if isinstance(place, dict) and part not in place:
                place[part] = {}
            place = place[_index(place, part, override, key.split(".")[: depth + 1])]
        place[_index(place, last, override, key.split("."))] = value
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _index(place: Any, part: str, override: str, path: Sequence[str]) -> str | int:
    if isinstance(place, dict):
        return part
    if isinstance(place, list) and part.isdigit() and int(part) < len(place):
        return int(part)
    what = f"a list of {len(place)} entries" if isinstance(place, list) else "a single value"
    raise ScenarioError(f"--set {override}: {'.'.join(path)!r} leads nowhere: {part!r} into {what}")


def _duplicate_keys(node: yaml.Node) -> Iterable[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, key.value
            seen.add(key.value)
            yield from _duplicate_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicate_keys(item)


def _telling(errors: Sequence[ErrorDetails], data: Any) -> list[ErrorDetails]:
    """One complaint per place: of the members of a union the one that read furthest into the value.

    A list that lost its bad entries is not "too short": its entries are complained about already.
    """
    kept: dict[tuple[Any, ...], ErrorDetails] = {}
    for error in errors:
        if error["type"] == "too_short" and len(error["loc"]) == 1 and data.get(error["loc"][0]):
            continue
        missing = error["loc"][-1] if error["type"] == "missing" else None
        place = (*_shown(data, error["loc"]), missing)
        if place not in kept or _depth(error) > _depth(kept[place]):
            kept[place] = error
    return list(kept.values())


def _depth(error: ErrorDetails) -> tuple[bool, int]:
    """How far into the value a complaint got: our own checks come after the types."""
    return error["type"] == "value_error", len(error["loc"])


def _described(path: Path, tree: yaml.Node, data: Any, error: ErrorDetails, overrides: Sequence[str]) -> str:
    location = error["loc"]
    shown = _shown(data, location)
    written = ".".join(str(part) for part in shown)
    by_override = next((o for o in overrides if _covers(o.partition("=")[0], written)), None)
    where = f"--set {by_override}" if by_override else f"{path}:{_line(tree, location)}"
    if error["type"] == "extra_forbidden":
        known = allowed_keys(location[:-1])
        close = get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return f"{where}: unknown key {written!r}; {hint}"
    if error["type"] == "missing":
        return f"{where}: key {'.'.join(filter(None, [written, str(location[-1])]))!r} is missing"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error" or isinstance(error["input"], dict | list):
        return f"{where}: {written or 'campaign'}: {message}"
    return f"{where}: {written or 'campaign'}: {message} (found {error['input']!r})"


def _covers(key: str, written: str) -> bool:
    return written == key or written.startswith(key + ".") or key.startswith(written + ".")


def _line(tree: yaml.Node, location: Sequence[str | int]) -> int:
    """Line of the last key or list entry of ``location`` that the file has."""
    node, line = tree, tree.start_mark.line + 1
    for part in location:
        inner: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if entry is not None:
                line, inner = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            inner = node.value[part]
            line = inner.start_mark.line + 1
        node = inner or node
    return line


def _shown(data: Any, location: Sequence[str | int]) -> list[str | int]:
    """The location without the names of union members: only what the data has."""
    shown: list[str | int] = []
    for part in location:
        has_key = isinstance(data, dict) and part in data
        if has_key or (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            data = data[part]
            shown.append(part)
    return shown
