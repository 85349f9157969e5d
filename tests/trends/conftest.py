from __future__ import annotations

import pytest

from sentry_sync.store.paths import StorePaths
from tests.trends.seed import seeded


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    """The seeded store; tests only read it."""
    return seeded(tmp_path_factory.mktemp("trends") / "store")
