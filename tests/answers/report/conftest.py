"""Reports of the query library's world, whose every number is known, and of one where nothing is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.answers.report.document import Report
from sentry_sync.store.store import Store
from tests.answers.desk import Asking
from tests.answers.report.whole import fill
from tests.support.clock import FakeClock
from tests.trends.library_world import AT, built


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Of the library's world; tests only read it."""
    directory = built(tmp_path_factory.mktemp("report") / "store").directory
    store = Store(directory, FakeClock(AT))
    with Answers(store, FakeClock(AT)) as found:
        yield found
    store.close()


@pytest.fixture(scope="session")
def report(answers: Answers) -> Report:
    return answers.weekly_report()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """A copy of which everything is known."""
    asking = Asking(Path(tmp_path_factory.mktemp("whole")))
    fill(asking)
    yield asking
    asking.close()
