"""A client before a server that is a function, with a ledger that always gives leave."""

from __future__ import annotations

import pytest

from tests.sentry.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
