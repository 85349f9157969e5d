"""``sentry-sync doctor``: looks whether all is well, here and at the server, and says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentry_sync.cli import checks, output
from sentry_sync.cli.checks import FAIL, OK, SKIPPED, WARN, Finding
from sentry_sync.cli.connect import client_of, connection_of, store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import AuthFailed, Forbidden, NotFound, SentryError, SentrySyncError, SettingsError
from sentry_sync.records.budget import Lane
from sentry_sync.records.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient

NEEDED = ("org:read", "project:read", "project:releases", "event:read")
"""Scopes that a sync needs."""

SKEW, WRONG = timedelta(seconds=30), timedelta(minutes=5)
"""How far the clocks may differ. Passes go by the server's; ours only says when to look."""

PATIENCE = 10.0
"""Seconds for each question: whoever runs this waits for it."""

Client = Callable[[], AbstractContextManager["SentryClient"]]


def run(settings: Settings, config: Path | None, *, as_json: bool, clock: Clock | None = None) -> int:
    """Print each finding, of the settings file ``config`` if one was named; 1 if one is a failure, else 0."""
    clock = clock or SystemClock()
    found = [checks.settings_file(config), *findings(settings, clock)]
    if as_json:
        rows = [{"about": f.about, "state": f.state, "said": f.said, "todo": f.todo} for f in found]
        output.document({"ok": not any(f.state == FAIL for f in found), "findings": rows})
    else:
        for finding in found:
            output.line(f"{finding.state:<8}{finding.about:<15}{output.printable(finding.said)}")
            if finding.todo:
                output.line(f"{'':<23}-> {output.printable(finding.todo)}")
    return int(any(finding.state == FAIL for finding in found))


def findings(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """What is looked at beside the settings file."""
    try:
        connection = connection_of(settings)
    except SettingsError as error:
        yield Finding("token", FAIL, str(error), "answers come from the copy alone until then")
        yield from _not_asked("there is nobody to ask")
    else:
        with closing(store_of(settings, clock)) as store:
            store.paths.create()
            yield from server(lambda: client_of(connection, store, clock, settings.rate_limit), clock)
    yield from checks.copy(settings, clock)


def server(client: Client, clock: Clock) -> Iterator[Finding]:
    """What the server says of itself, the token and the organization."""
    with client() as made:
        asked = made.lane(Lane.LIVE, PATIENCE)
        root = _asked(asked.root)
        if isinstance(root, SentryError) and not isinstance(root, NotFound | Forbidden | AuthFailed):
            yield Finding("server", FAIL, str(root), "what is held still answers")
            yield from _not_asked("the server could not be asked")
            return
        yield from _token(root)
        organization = _asked(asked.organization)
        if isinstance(organization, Exception):
            yield Finding("organization", FAIL, str(organization), "look at SENTRY_ORG, and whose token it is")
            return
        yield _clock(organization, clock)
        yield from _organization(organization)
        yield _projects(asked)


def _not_asked(why: str) -> Iterator[Finding]:
    for about in ("scopes", "clock", "organization", "region", "projects"):
        yield Finding(about, SKIPPED, f"not looked at: {why}")


def _asked(ask: Callable[[], Page]) -> Page | SentrySyncError:
    try:
        return ask()
    except SentrySyncError as error:
        return error


def _token(root: Page | SentrySyncError) -> Iterator[Finding]:
    if isinstance(root, AuthFailed):
        yield Finding("token", FAIL, str(root), "make a new one: Sentry, Settings, Developer Settings")
        return
    yield Finding("server", OK, "it answers")
    body: Any = {} if isinstance(root, Exception) else root.body
    told = body.get("auth") if isinstance(body, dict) else None
    scopes = told.get("scopes") if isinstance(told, dict) else None
    if not isinstance(scopes, list):
        yield Finding("scopes", WARN, "the server does not tell them", "a part that is refused will say so")
        return
    missing = [scope for scope in NEEDED if scope not in scopes and not _implied(scope, scopes)]
    if missing:
        yield Finding("scopes", FAIL, f"the token lacks {', '.join(missing)}", "give them to its integration")
    else:
        writes = "; it may change issues too" if "event:write" in scopes or "event:admin" in scopes else ""
        yield Finding("scopes", OK, f"all that a sync needs{writes}")


def _implied(scope: str, scopes: list[Any]) -> bool:
    """Whether a greater scope is there: of one kind, admin and write bring read."""
    kind = scope.partition(":")[0]
    return any(f"{kind}:{more}" in scopes for more in ("write", "admin"))


def _clock(page: Page, clock: Clock) -> Finding:
    skew = clock.now() - page.server_time
    said = f"{abs(skew.total_seconds()):.0f} s {'ahead of' if skew > timedelta() else 'behind'} the server's"
    if abs(skew) > WRONG:
        return Finding("clock", FAIL, said, "set this machine's clock, and have it kept (NTP)")
    return Finding("clock", WARN, said, "have it kept by NTP") if abs(skew) > SKEW else Finding("clock", OK, said)


def _organization(page: Page) -> Iterator[Finding]:
    body: Any = page.body if isinstance(page.body, dict) else {}
    yield Finding("organization", OK, f"{body.get('slug')}, id {body.get('id')}")
    links = body.get("links")
    region = links.get("regionUrl") if isinstance(links, dict) else None
    yield Finding(
        "region", OK, f"its data is at {region}" if region else "the server names none: all is in one place"
    )


def _projects(asked: SentryClient) -> Finding:
    page = _asked(asked.projects)
    if isinstance(page, Exception):
        return Finding("projects", FAIL, str(page), "look at the token's scopes")
    rows = page.body if isinstance(page.body, list) else []
    if not rows:
        wanted = asked.connection.projects
        todo = "look at SENTRY_SYNC_PROJECTS" if wanted else "give the integration access to projects"
        return Finding("projects", FAIL, "the token sees none", todo)
    return Finding("projects", OK, f"{len(rows)}{' or more' if page.next_cursor else ''} to be copied")
