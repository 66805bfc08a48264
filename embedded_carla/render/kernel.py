"""How inner loops are compiled."""

from __future__ import annotations

from numba import njit

kernel = njit(cache=True, error_model="numpy", _nrt=False)
"""For functions that allocate nothing: without numba's reference counting, slices of rows cost nothing.

Numba's cache does not notice edits in a function called from another file: clear ``__pycache__`` after changing one.
"""
