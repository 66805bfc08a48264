"""Version of the pictures. Networks name the version they were trained on."""

SCENE_VERSION = 2
"""Raised by any change that alters a single pixel of any picture."""
