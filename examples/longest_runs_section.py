"""A report section of one's own: the longest runs.

Use it in a scenario: ``sections: [examples.longest_runs_section:LongestRuns]``.
"""

from __future__ import annotations

from reports.campaign_data import CampaignData
from reports.formatting import number
from reports.own_sections import OwnContent, OwnTable

SHOWN = 5


class LongestRuns:
    """The five longest runs of the campaign."""

    title = "Longest runs"

    def build(self, data: CampaignData) -> OwnContent:
        """A table by distance."""
        driven = [row for row in data.episodes if row["distance_m"] is not None]
        longest = sorted(driven, key=lambda row: -row["distance_m"])[:SHOWN]
        rows = [(row["road"], row["condition"], row["mode"], number(row["distance_m"], 0)) for row in longest]
        return OwnContent(tables=[OwnTable("By distance", ("road", "condition", "mode", "distance (m)"), rows)])
