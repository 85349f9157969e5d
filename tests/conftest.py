"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine must not fail a test: nothing here asserts on the clock on the wall.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

FIRST = (
    "convergence/test_storms.py",
    "convergence/test_other_servers.py",
    "convergence/test_fair_weather.py",
    "test_daemon.py",
    "cli/test_serve.py",
    "sync/faults/test_answers.py",
    "sync/test_reconcile.py",
    "sync/test_resume.py",
    "serve/dashboard/browser/test_in_chromium.py",
    "packaging/test_wheel.py",
    "conformance/test_suite.py",
    "sync/test_budget.py",
    "answers/test_issues.py",
    "conformance/test_inspector.py",
    "cli/test_demo.py",
    "cli/test_sync.py",
    "trends/test_escapes.py",
    "deploy/test_demo.py",
)
"""What takes longest, the longest first: begun last, it would leave one of two workers idle at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; what is in one, and all others, stay in the random order they are in."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(FIRST)))
