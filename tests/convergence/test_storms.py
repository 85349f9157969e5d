"""sentry.io, with faults and kills: the store converges, and claims nothing it does not hold."""

from __future__ import annotations

import pytest

from tests.convergence.servers import Storms
from tests.convergence.short import LONG, short

pytestmark = pytest.mark.timeout(LONG)

TestStorms = Storms.TestCase
TestStorms.settings = short(190)
