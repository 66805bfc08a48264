"""Recordings of episodes: written while the world runs, reported on, and played again."""
