"""The pages over a synced copy: asked for directly, and over HTTP in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import anyio
import httpx
import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.kept import Kept
from sentry_sync.serve.dashboard.page import Page, rendered
from sentry_sync.serve.dashboard.wing import PAGES, wings
from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http_app import http_app
from sentry_sync.serve.server import build
from sentry_sync.store import tables
from tests.answers.desk import Asking
from tests.answers.report.page import Element, parsed

Addresses = dict[str, tuple[str, dict[str, str]]]

UNHURRIED = 60.0
"""Seconds that a page may wait here for what is worked out beside it, so that it is always there."""


@dataclass
class Desk:
    """Asks for pages of one copy, each whole."""

    answers: Answers
    kept: Kept = field(default_factory=lambda: Kept(monotonic))

    def page(self, path: str, given: Mapping[str, str] | None = None, **form: str) -> Page:
        """The page at ``path`` as it is before it is rendered."""
        for pattern, render in PAGES.items():
            names = _matched(pattern, path)
            if names is not None:
                asked = Asked(self.answers, self.kept, names, given or {}, form, monotonic() + UNHURRIED)
                return render(asked)
        raise AssertionError(path)

    def html(self, path: str, given: Mapping[str, str] | None = None, **form: str) -> str:
        """The page's text."""
        page = self.page(path, given, **form)
        return bytes(rendered(page, path=path, now=self.answers.now, leaves=False).body).decode()

    def shown(self, path: str, given: Mapping[str, str] | None = None, **form: str) -> Element:
        """The page taken apart; fails for tags that do not close."""
        return parsed(self.html(path, given, **form))

    def close(self) -> None:
        self.kept.close()
        self.answers.close()


def _matched(pattern: str, path: str) -> dict[str, str] | None:
    parts, found = pattern.split("/"), path.split("/")
    if len(parts) != len(found):
        return None
    if any(part != one for part, one in zip(parts, found, strict=True) if not part.startswith("{")):
        return None
    return {part[1:-1]: one for part, one in zip(parts, found, strict=True) if part.startswith("{")}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """A whole synced copy; tests only read it."""
    asking = Asking(tmp_path_factory.mktemp("dashboard"))
    asking.rig.sync()
    yield asking
    asking.close()


@pytest.fixture(scope="session")
def desk(world: Asking) -> Iterator[Desk]:
    desk = Desk(world.answers(None))
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def addresses(world: Asking) -> Addresses:
    """Every kind of page there is, by its name."""
    return addresses_of(world)


def addresses_of(world: Asking) -> Addresses:
    """The same of any copy."""
    issue = world.rig.rows(tables.event_bodies)[0].issue_id
    version = world.rig.rows(tables.release_projects)[0]
    slug = next(one.slug for one in world.rig.rows(tables.projects) if one.id == version.project_id)
    return {
        "overview": ("/", {}),
        "issues": ("/issues", {}),
        "issues by events": ("/issues", {"query": "is:unresolved", "sort": "frequency"}),
        "issue": (f"/issues/{issue}", {}),
        "projects": ("/projects", {}),
        "project": (f"/projects/{slug}", {}),
        "releases": ("/releases", {}),
        "releases of one": ("/releases", {"project": slug}),
        "release": ("/release", {"project": slug, "version": version.version}),
        "library": ("/queries", {}),
        "query": ("/queries/noisiest_issues", {}),
        "query over time": ("/queries/error_trend", {"days": "3"}),
        "sql": ("/sql", {}),
        "sync": ("/sync", {}),
        "unknown": ("/issues/999", {}),
    }


@asynccontextmanager
async def client(answers: Answers, rules: Rules) -> AsyncIterator[httpx.AsyncClient]:
    gate = Gate(rules, lambda: 0.0)
    pages = wings(answers, gate)
    app = http_app(build(answers), gate, pages)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 5000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as found,
    ):
        yield found
    for wing in pages:
        wing.close()


def spoken(
    answers: Answers, talk: Callable[[httpx.AsyncClient], Awaitable[Any]], rules: Rules | None = None
) -> Any:
    """What came of talking to the pages over HTTP."""

    async def run() -> Any:
        async with client(answers, rules or Rules()) as found:
            return await talk(found)

    return anyio.run(run)
