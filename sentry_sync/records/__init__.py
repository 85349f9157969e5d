"""Frozen rows, the tolerant parsing of Sentry's JSON into them, intervals and the clock. No I/O."""
