"""The words of the report in docs/concepts.md: ``python -m reports.glossary_page`` writes them there."""

from __future__ import annotations

from pathlib import Path

from harness.results.files import replace_atomically
from reports.glossary import GLOSSARY

PAGE = Path(__file__).resolve().parents[1] / "docs" / "concepts.md"
BEGIN, END = "<!-- glossary:begin -->\n", "<!-- glossary:end -->"


def with_glossary(text: str) -> str:
    """A page with the words between its two marks brought up to date.

    Raises:
        ValueError: the page has no such marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines {BEGIN.strip()} and {END}")
    words = "".join(f"* **{entry[0]}**: {entry[1]}\n" for entry in GLOSSARY)
    return f"{before}{BEGIN}{words}{END}{after}"


def main() -> None:
    """Bring docs/concepts.md up to date."""
    replace_atomically(PAGE, with_glossary(PAGE.read_text(encoding="utf-8")).encode())
    print(PAGE.name)


if __name__ == "__main__":
    main()
