"""The dashboard's routes: each page behind the session's door, logging in and the style sheet before it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sentry_sync.answers.changes import Subject
from sentry_sync.answers.context import Answers
from sentry_sync.errors import QueryError, QuestionError, SentrySyncError
from sentry_sync.serve.dashboard import (
    issue,
    issues,
    login,
    overview,
    project,
    projects,
    query,
    release,
    releases,
    sql,
    sync,
)
from sentry_sync.serve.dashboard.asked import WHO, Asked
from sentry_sync.serve.dashboard.forms import check_where_from, posted
from sentry_sync.serve.dashboard.kept import Kept
from sentry_sync.serve.dashboard.live import Live
from sentry_sync.serve.dashboard.page import HEADERS, NOT_STORED, Page, compiled, rendered
from sentry_sync.serve.gate import Door, Gate, Refusal
from sentry_sync.serve.http_app import Wing, knock_of
from sentry_sync.serve.sessions import ENDED
from sentry_sync.store.audit_trail import Entry

LONGEST_NAME = 500
"""Of a release: Sentry allows 250 characters."""

STATIC = Path(__file__).parent / "static"

Render = Callable[[Asked], Page]

PAGES: Mapping[str, Render] = {
    "/": overview.page,
    "/issues": issues.page,
    "/issues/{issue_id}": issue.page,
    "/projects": projects.page,
    "/projects/{project}": project.page,
    "/releases": releases.page,
    "/release": release.page,
    "/queries": query.library_page,
    "/queries/{name}": query.page,
    "/sql": sql.page,
    "/sync": sync.page,
}
"""Each page by its address."""

FIRST = ("/issues", "/queries", "/sql", "/sync")
"""Pages that are made ahead: together they need what all others do."""


def wings(answers: Answers, gate: Gate, *, ahead: bool = False) -> tuple[Wing, ...]:
    """The pages, and what a browser may have before it has logged in.

    With ``ahead`` what the first page would have to import and compile is ready before anybody asks for one.
    """
    found = _Dashboard(answers, gate)
    if ahead:
        found.begin()
    return found.wings()


class _Dashboard:
    def __init__(self, answers: Answers, gate: Gate) -> None:
        self._answers = answers
        self._gate = gate
        self._kept = Kept(time.monotonic)
        self._live = Live(answers)

    def wings(self) -> tuple[Wing, ...]:
        pages = [
            Route(path, endpoint=self._page(path, render), methods=["GET", "POST"])
            for path, render in PAGES.items()
        ]
        beside = [
            Route("/live", endpoint=self._stream, methods=["GET"]),
            Route("/logout", endpoint=self._log_out, methods=["POST"]),
        ]
        before = [
            Route("/login", endpoint=self._log_in, methods=["GET", "POST"]),
            Mount("/static", app=_Static(directory=STATIC)),
        ]
        says = "the dashboard at {url}/"
        return Wing((*pages, *beside), Door.PAGE, self._close, says), Wing(before, Door.LOGIN)

    def begin(self) -> None:
        """Make what is made once, beside, but for what would ask the whole copy: perhaps nobody looks."""
        self._kept.ask("the first page", self._first)

    def _first(self) -> None:
        compiled()
        for path, render in PAGES.items():
            if path in FIRST:
                asked = Asked(self._answers, self._kept)
                self._sent(render(asked), path, asked.began, time.thread_time())

    def _close(self) -> None:
        self._live.close()
        self._kept.close()

    def _page(self, path: str, render: Render) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            check_where_from(request)
            form = await posted(request) if request.method == "POST" else {}
            given = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
            asked = Asked(self._answers, self._kept, request.path_params, given, form)
            # In a thread of its own from the first look to the last line: the loop has others to answer.
            return await run_in_threadpool(self._rendered, render, asked, path)

        return endpoint

    def _rendered(self, render: Render, asked: Asked, path: str) -> Response:
        outcome, since = "ok", time.thread_time()
        try:
            page = render(asked)
        except SentrySyncError as error:
            page, outcome = _problem(error), type(error).__name__
        self._note(page, asked, path, outcome)
        return self._sent(page, path, asked.began, since)

    def _note(self, page: Page, asked: Asked, path: str, outcome: str) -> None:
        """Tell the audit log who was shown which page: never what stood in it."""
        arguments = {**asked.given, **asked.form, **asked.path}
        source = (page.freshness or {}).get("source")
        took = 1000 * (time.monotonic() - asked.began)
        self._answers.trail.note(Entry(WHO, f"page {path}", arguments, outcome, source, None, took))

    def _sent(self, page: Page, path: str, began: float, since: float) -> Response:
        response = rendered(page, path=path, now=self._answers.now, leaves=self._gate.wants_token)
        used = time.thread_time() - since
        took = 1000 * (time.monotonic() - began)
        response.headers["Server-Timing"] = f"page;dur={took:.1f}, processor;dur={1000 * used:.1f}"
        return response

    async def _log_in(self, request: Request) -> Response:
        began, since = time.monotonic(), time.thread_time()
        if request.method != "POST":
            if not self._gate.wants_token:
                return RedirectResponse("/", 303, {**HEADERS, "Cache-Control": NOT_STORED})
            return self._sent(login.page(), "/login", began, since)
        token = (await posted(request)).get("token", "")
        found = self._gate.log_in(token, knock_of(request.scope))
        if isinstance(found, Refusal):
            response = self._sent(login.page(found.status), "/login", began, since)
            response.headers.update(dict(found.headers))
            return response
        return RedirectResponse("/", 303, {**HEADERS, "Cache-Control": NOT_STORED, "Set-Cookie": found})

    async def _log_out(self, request: Request) -> Response:
        check_where_from(request)
        return RedirectResponse("/login", 303, {**HEADERS, "Cache-Control": NOT_STORED, "Set-Cookie": ENDED})

    async def _stream(self, request: Request) -> Response:
        check_where_from(request)
        subject = _subject(request.query_params)
        if subject is None:
            raise HTTPException(400)
        knock = knock_of(request.scope)
        who = next(iter(knock.cookies), knock.client)
        if self._live.full(who):
            return Response(status_code=503, headers={**HEADERS, "Retry-After": "60"})
        headers = {**HEADERS, "Cache-Control": NOT_STORED}
        return StreamingResponse(self._live.stream(subject, who), media_type="text/event-stream", headers=headers)


class _Static(StaticFiles):
    """Our own style sheet and script: the same for everybody, and nothing in them that is anybody's."""

    def file_response(self, *given: Any, **named: Any) -> Response:
        """The file, with the headers that every response has."""
        response = super().file_response(*given, **named)
        response.headers.update(HEADERS)
        # By its ETag: after an update the next page must not be shown in the style of the one before.
        response.headers["Cache-Control"] = "no-cache"
        return response


def _problem(error: SentrySyncError) -> Page:
    """Instead of a page: why there is none, in the error's own line."""
    mistaken = isinstance(error, (QuestionError, QueryError))
    title = "This cannot be answered" if mistaken else "The copy cannot be used"
    return Page("problem.html.j2", title, {"text": str(error)}, status=400 if mistaken else 503)


def _subject(given: Mapping[str, str]) -> Subject | None:
    kind, name = given.get("kind", "status"), given.get("name", "")
    if kind == "status":
        return Subject("status")
    if kind in ("issue", "release") and 0 < len(name) <= LONGEST_NAME:
        return Subject("issue" if kind == "issue" else "release", name)
    return None
