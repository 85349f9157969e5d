"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A busy machine must not fail a test: nothing here asserts on the clock on the wall.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
