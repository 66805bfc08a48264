"""``python -m tests.reports.screenshots RESULTS [--results-folder DIR --name NAME]``: the README's pictures.

Taken from a stored campaign's own report in a real browser, at the width of a laptop: ``docs/images/report.png`` (from
the verdict on), ``docs/images/episode.png`` (the first departure with a clip, at its onset), ``docs/images/trend.png``
where a folder with a history is given.
"""

from __future__ import annotations

import argparse
import base64
from pathlib import Path

from reports.campaign_data import load
from reports.episode_pages import page_address
from reports.trend import write_trend_page
from tests.reports.browser import Browser, browser

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, HEIGHT = 1440, 1240
WAIT_FOR_PICTURE = (
    "const done = arguments[arguments.length - 1], until = Date.now() + 20000;"
    "const look = () => { const p = document.getElementById('player').dataset.tick,"
    " q = document.getElementById('pictures').dataset.tick;"
    " if ((p !== undefined && p === q) || Date.now() > until) done(p); else setTimeout(look, 20); }; look();"
)
# Commands as on a static host: where this machine keeps its results is nobody's business.
WITHOUT_PATHS = (
    "document.querySelectorAll('code[data-command]').forEach(c => { c.textContent = c.dataset.command });"
    "document.getElementById('method-note').textContent = ''"
)


def take(page: Browser, path: Path, height: int = HEIGHT) -> None:
    """Save the top of the open page."""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    answer = page.devtools("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(answer["data"]))


def screenshots(results: Path, images: Path = IMAGES, nights: tuple[Path, str] | None = None) -> list[Path]:
    """Take the pictures; returns their paths.

    Args:
        results: folder of a campaign whose report is built. images: where they go.
        nights: (folder with a history, name of the campaign) for the trend page.
    """
    data = load(results)
    departed = [row for row in data.episodes if row["departures"] and row["mode"] == "shadow"]
    with_clip = [row for row in departed if data.clips(str(row["episode_id"]))]
    sheets = {path.name.split(".")[0] for path in (results / "report" / "episodes").glob("*.jpg")}
    shown = next((row for row in with_clip if row["episode_id"] in sheets), with_clip[0])
    taken = []
    with browser() as page:
        page.resize(WIDTH, HEIGHT)
        page.open(results / "report.html")
        take(page, images / "report.png")
        page.open(results / page_address(str(shown["episode_id"])), f"#t={shown['first_departure_onset_s']:.2f}")
        page.run_async(WAIT_FOR_PICTURE)
        page.run(WITHOUT_PATHS)
        take(page, images / "episode.png")
        taken += [images / "report.png", images / "episode.png"]
        if nights is not None:
            page.open(write_trend_page(*nights))
            take(page, images / "trend.png")
            taken.append(images / "trend.png")
    return taken


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.reports.screenshots", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--results-folder", type=Path, help="folder with a history, for the trend page")
    parser.add_argument("--name", help="name of the campaign whose nights are shown")
    options = parser.parse_args()
    nights = (options.results_folder, options.name) if options.results_folder and options.name else None
    print("\n".join(path.name for path in screenshots(options.results, nights=nights)))


if __name__ == "__main__":
    main()
