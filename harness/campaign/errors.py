"""What is wrong with a scenario, in words for the person who wrote it."""

from __future__ import annotations


class ScenarioError(ValueError):
    """A campaign file, an override or what they ask for cannot be used; says where and how to fix it."""
