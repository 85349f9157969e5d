"""Sentry's own service, while nothing goes wrong but that the world moves on."""

from __future__ import annotations

from hypothesis import settings

from tests.convergence.machine import Convergence


class FairWeather(Convergence):
    stormy = False


TestFairWeather = FairWeather.TestCase
TestFairWeather.settings = settings(
    max_examples=60, stateful_step_count=8, deadline=None, derandomize=True, print_blob=True
)
