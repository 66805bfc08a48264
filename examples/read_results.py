"""Read the results of a campaign with pandas: ``python examples/read_results.py results/<campaign>/<start time>``.

Three tables are enough for most questions: one row per run (`episodes.parquet`), one row per tick of a run
(`episodes/<id>/ticks.parquet`) and one row per departure (`rescue.parquet`). Columns, units: docs/reading-results.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd


def departed_by_condition(folder: Path) -> pd.DataFrame:
    """Runs, departed runs and driven km of the agent alone, per condition."""
    runs = pd.read_parquet(folder / "episodes.parquet")
    shadow = runs[(runs["mode"] == "shadow") & (runs["outcome"] == "completed")]
    grouped = shadow.assign(departed=shadow["departures"] > 0, km=shadow["distance_m"] / 1000.0).groupby("condition")
    return grouped.agg(runs=("departed", "size"), departed=("departed", "sum"), km=("km", "sum"))


def seconds_before_the_line(folder: Path, episode_id: str, before_s: float = 3.0) -> pd.DataFrame:
    """The last seconds before a run's first departure: margin, steering and every monitor's score."""
    onsets_s = pd.read_parquet(folder / "episodes.parquet").set_index("episode_id")["first_departure_onset_s"]
    onset_s = onsets_s[episode_id]
    ticks = pd.read_parquet(folder / "episodes" / episode_id / "ticks.parquet")
    columns = ["time_s", "lane_margin_m", "swa_agent_deg", "swa_label_deg"]
    columns += [column for column in ticks.columns if column.startswith("score__")]
    return ticks.loc[ticks["time_s"].between(onset_s - before_s, onset_s), columns]


def last_safe_takeovers_s(folder: Path) -> pd.Series:
    """Time between the last safe takeover and the departure, s, of every savable departure."""
    rescue = pd.read_parquet(folder / "rescue.parquet")
    savable = rescue[rescue["last_safe_tick"].notna()]
    return (savable["onset_tick"] - savable["last_safe_tick"]) * savable["tick_s"]


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of a finished campaign")
    folder = parser.parse_args().folder
    print(departed_by_condition(folder).to_string(float_format="{:.2f}".format))
    runs = pd.read_parquet(folder / "episodes.parquet")
    departed = runs[(runs["mode"] == "shadow") & runs["first_departure_onset_s"].notna()]
    if departed.empty:
        print("\nno departure to look at")
        return
    first = str(departed["episode_id"].iloc[0])
    print(f"\nthe last second of episode {first}:")
    print(seconds_before_the_line(folder, first, before_s=1.0).to_string(index=False, float_format="{:.3f}".format))
    if (folder / "rescue.parquet").exists():
        print("\nfrom the last safe takeover to the line, s:")
        print(last_safe_takeovers_s(folder).describe(percentiles=[0.05, 0.5, 0.95]).to_string())


if __name__ == "__main__":
    main()
