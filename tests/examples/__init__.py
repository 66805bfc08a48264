"""Tests of the examples and of what the documentation tells people to type."""
