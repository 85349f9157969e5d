"""Other servers, and performance: the store converges, and claims nothing it does not hold."""

from __future__ import annotations

import pytest

from tests.convergence.servers import GlitchTip, Measured, SelfHosted
from tests.convergence.short import LONG, short

pytestmark = pytest.mark.timeout(LONG)

TestSelfHosted = SelfHosted.TestCase
TestSelfHosted.settings = short(60)
TestGlitchTip = GlitchTip.TestCase
TestGlitchTip.settings = short(114)
TestMeasured = Measured.TestCase
TestMeasured.settings = short(6)
