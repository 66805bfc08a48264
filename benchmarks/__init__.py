"""Speed, measured: medians after warm-up, one thread stated, JSON out. Timed here, never in tests."""
