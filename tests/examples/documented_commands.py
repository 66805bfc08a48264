"""The commands that the README and docs/ tell people to type."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_COMMAND = re.compile(r"^(?: {4})?((?:python|make|source|cp) .*)$")
_FENCE = re.compile(r"^```")


@dataclass(frozen=True)
class Command:
    """One command of one page, without its trailing remark, continued lines joined."""

    page: str
    text: str

    @property
    def words(self) -> list[str]:
        """As a shell would split it; optional parts in brackets count as given."""
        return shlex.split(re.sub(r"[\[\]]", " ", self.text))

    @property
    def program(self) -> tuple[str, ...]:
        """What follows ``python`` up to the first argument: ('-m', module) or (script,)."""
        words = self.words[1:]
        return ("-m", words[1]) if words[0] == "-m" else (words[0],)

    @property
    def arguments(self) -> list[str]:
        """What the program is given."""
        return self.words[1 + len(self.program) :]

    @property
    def options(self) -> list[str]:
        """Names of options, without values."""
        return [word.split("=")[0] for word in self.arguments if re.match(r"--?[a-z]", word)]


def documented_commands() -> list[Command]:
    """Every command in an indented or fenced block, in the order of the pages."""
    found = []
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]:
        fenced, joined = False, ""
        for line in page.read_text(encoding="utf-8").splitlines():
            fenced ^= _FENCE.match(line) is not None
            joined += line.rstrip("\\").strip() if joined else line.rstrip("\\")
            if line.endswith("\\"):
                joined += " "
                continue
            match = _COMMAND.match(joined)
            if match and (fenced or joined.startswith("    ")):
                text = re.sub(r"\s+#.*$", "", match.group(1)).strip().removesuffix("...").strip()
                found.append(Command(page.relative_to(REPOSITORY).as_posix(), text))
            joined = ""
    return found
