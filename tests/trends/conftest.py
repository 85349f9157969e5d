from __future__ import annotations

import pytest

from sentry_sync.store.paths import StorePaths
from tests.trends.library_world import built
from tests.trends.seed import seeded


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    """The seeded store; tests only read it."""
    return seeded(tmp_path_factory.mktemp("trends") / "store")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    """The store of the query library's tests; tests only read it."""
    return built(tmp_path_factory.mktemp("library") / "store")
