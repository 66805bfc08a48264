"""`python -m benchmarks`: ticks per second of the whole loop and the share of each part of a tick."""

from benchmarks.tick import main

main()
