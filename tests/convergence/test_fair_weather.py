"""sentry.io, while nothing goes wrong: the store converges, and claims nothing it does not hold."""

from __future__ import annotations

import pytest

from tests.convergence.servers import FairWeather
from tests.convergence.short import LONG, short

pytestmark = pytest.mark.timeout(LONG)

TestFairWeather = FairWeather.TestCase
TestFairWeather.settings = short(130)
