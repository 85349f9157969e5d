"""The folder of the examples goes when the tests are through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.convergence import stage


@pytest.fixture(scope="module", autouse=True)
def folder() -> Iterator[None]:
    yield
    stage.leave()
