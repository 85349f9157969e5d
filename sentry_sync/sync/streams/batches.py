"""Looks at known issues by their ids, a hundred at a time; what is missing from an answer is asked for one by one.

Absence from a batch is no proof: only a 404 for the id itself says that an issue is gone, and an answer with
another id that it was merged. Of an issue with events there must be a second 404, for the newest of them: while
the issue it was merged into is being merged itself, Sentry answers 404 for both, and their events live on. A
pass's cursor holds the ids still missing, so a killed pass goes on with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from sentry_sync.errors import BadRequest, NotFound, NotSupported
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import UNKNOWN, Issue, IssueGone
from sentry_sync.sentry.page import Page
from sentry_sync.store.reads.looks import After
from sentry_sync.store.types import from_micros, to_micros
from sentry_sync.sync.plan import DAY
from sentry_sync.sync.stream import Harvest, Look, Work
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient

SIZE = 100
"""Ids in a batch: as many as the server lists on a page, and a URL that every proxy takes."""

BELIEVED = 3
"""Issues a batch may leave out that are there: one could come back in between, three could not. A server that
answers batches with nothing would cost a request for each issue held."""

LONGEST_MERGE = DAY
"""Sentry's workers merge and delete in minutes. An issue whose merge lost its parent stays ``pending_merge`` for
ever (the worker gives up without a word): nobody waits for that one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass of batches stands; its text is the pass's cursor."""

    after: After | None = None
    """The last issue of the last batch."""
    missing: tuple[str, ...] = ()
    """Ids the last batch's answer lacked, still to be asked for one by one."""
    more: bool = True
    """Whether there are issues after that batch."""
    wrong: int = 0
    """How many of those it lacked were there nonetheless."""
    left: int | None = None
    """Batches this pass may still ask for; None for as many as there are."""
    witness: tuple[str, str] | None = None
    """The project's slug and the id of an event of the first missing issue, for which there was a 404."""

    @property
    def cursor(self) -> str | None:
        """The cursor; None at the end."""
        if not self.missing and (not self.more or self.left == 0):
            return None
        after = (to_micros(self.after[0]), self.after[1]) if self.after else None
        return orjson.dumps([after, self.missing, self.more, self.wrong, self.left, self.witness]).decode()


def place_of(cursor: str) -> Place:
    """The place a cursor stands for."""
    after, missing, more, wrong, left, witness = orjson.loads(cursor)
    return Place(
        (from_micros(after[0]), after[1]) if after else None,
        tuple(missing),
        more,
        wrong,
        left,
        (witness[0], witness[1]) if witness else None,
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What one request told: the body of a page of batches."""

    known: tuple[str, ...]
    """Ids of which all is told that there is to tell, those still to be asked for one by one left out."""
    rows: list[Any]
    gone: tuple[tuple[str, str, str | None], ...] = ()
    """Id, how it went, and where it went, of issues known to be gone."""


Ask = Callable[["SentryClient", tuple[str, ...]], Page]


@dataclass(frozen=True, slots=True)
class Batches:
    """The fetching side of a stream that looks at known issues."""

    ask: Ask | None
    """How to ask for many ids; None to ask for each."""
    choose: Callable[[Look, Interval, After | None, int], list[After]]
    """The issues to look at in a window, after a place."""
    per_run: int | None = None
    """Batches a run may ask for; None for as many as there are."""

    def fetch(self, client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
        """The answer to the next batch, or to the next id that a batch lacked."""
        place = self._place(work, cursor, look)
        if self.ask is not None and place.wrong >= BELIEVED:
            raise BadRequest("the server leaves out issues that are there when it is asked for many by their ids")
        if place.witness:
            return _witnessed(client.project_event(*place.witness), place)
        if place.missing:
            return _looked(client.issue(place.missing[0]), place)
        found = self._due(work, place, look)
        if not found:
            raise NotFound("no issue is held that could be looked at")  # which `absent` makes the end of the pass
        ids = tuple(issue for _, issue in found[:SIZE])
        page = self._many(client, ids)
        missing = [issue for issue in ids if issue not in _ids(page.body)]
        dead = look.state.looks.of_removed_projects(missing)
        place = replace(
            _behind(place, found),
            missing=tuple(issue for issue in missing if issue not in dead),
            wrong=0,
            left=None if place.left is None else place.left - 1,
        )
        known = tuple(issue for issue in ids if issue not in place.missing)
        body = Looked(known, page.body, tuple((issue, "project", None) for issue in missing if issue in dead))
        return replace(page, body=body, next_cursor=place.cursor)

    def absent(self, work: Work, cursor: str | None, look: Look, at: datetime) -> Page | None:
        """The page that a 404 stands for: the issue it was asked for is gone with its project, or deleted.

        The latter once there is no event of it either. Where none is held to ask for, it may have become part of
        an issue that is on its way out: then it is asked for after that one, or how it went is not known before
        the next look; for a day at most.
        """
        place = self._place(work, cursor, look)
        if not place.missing:
            return None if self._due(work, place, look) else _nothing(at)
        looks, asked, others = look.state.looks, place.missing[0], place.missing[1:]
        gone: tuple[tuple[str, str, str | None], ...] = ((asked, "deleted", None),)
        witness, left = None, others
        if looks.of_removed_projects([asked]):
            gone = ((asked, "project", None),)
        elif place.witness is None:
            witness = looks.witness(asked)
            if witness:
                gone, left = (), place.missing
            elif pending := looks.pending_beside(asked, look.now - LONGEST_MERGE):
                later = bool(pending & set(others))
                gone, left = ((), (*others, asked)) if later else (((asked, UNKNOWN, None),), others)
        place = replace(place, witness=witness, missing=left)
        body = Looked((asked,) if asked not in left else (), [], gone)
        return Page(body, place.cursor, has_link=False, server_time=at, hits=None, headers={})

    def _place(self, work: Work, cursor: str | None, look: Look) -> Place:
        place = place_of(cursor) if cursor else Place(left=None if look.turn else self.per_run)
        if self.ask is not None or place.missing:
            return place
        found = self._due(work, place, look)
        if not found:
            return place
        return replace(_behind(place, found), missing=tuple(issue for _, issue in found[:SIZE]))

    def _due(self, work: Work, place: Place, look: Look) -> list[After]:
        """The next batch and one more, if there is one.

        When another process has just looked at all of them, one issue is asked for nonetheless: the pass has to
        end with an answer, which brings the server's time. None in a store that holds no issue.
        """
        found = self.choose(look, work.span, place.after, SIZE + 1)
        return found or look.state.looks.before(look.now + DAY, None, 1)

    def _many(self, client: SentryClient, ids: tuple[str, ...]) -> Page:
        assert self.ask is not None  # noqa: S101 (for the type checker: without it, ids are asked for one by one)
        page = self.ask(client, ids)
        # A server that doesn't know the parameter lists what it likes: what it leaves out says nothing.
        if not _ids(page.body) <= set(ids):
            raise NotSupported("the server does not look issues up by their ids")
        return page


def harvest(page: Page, work: Work, look: Look) -> Harvest:
    """The issues seen, and those seen to be gone."""
    found, looked = harvest_issues(page.body.rows, page.server_time), page.body
    shown = {record.id for record in found.records if isinstance(record, Issue)}
    gone = [
        IssueGone(issue, page.server_time, how, into)
        for issue, how, into in looked.gone
        # What could not be read as an issue is none that another went into; what an event names is one.
        if into is None or into in shown or not looked.rows
    ]
    return Harvest([*found.records, *gone], found.rows + len(gone), found.rejects)


def _behind(place: Place, found: list[After]) -> Place:
    return replace(place, after=found[:SIZE][-1], more=len(found) > SIZE)


def _nothing(at: datetime) -> Page:
    """The page of a pass that has nothing to look at any more."""
    return Page(Looked((), []), None, has_link=False, server_time=at, hits=None, headers={})


def _looked(page: Page, place: Place) -> Page:
    """One issue's detail as a page; under another id it is the issue that the asked one was merged into."""
    asked = place.missing[0]
    shown = _ids([page.body])
    place = replace(place, missing=place.missing[1:], wrong=place.wrong + (asked in shown))
    gone = tuple((asked, "merged", issue) for issue in shown if issue != asked)
    return replace(page, body=Looked((asked,), [page.body], gone), next_cursor=place.cursor)


def _witnessed(page: Page, place: Place) -> Page:
    """An event of the issue that is gone: it belongs to what that was merged into, unless it goes as well."""
    asked = place.missing[0]
    body = page.body if isinstance(page.body, dict) else {}
    owner = str(body.get("groupID") or body.get("group_id") or asked)
    gone = (asked, "deleted", None) if owner == asked else (asked, "merged", owner)
    place = replace(place, missing=place.missing[1:], witness=None)
    return replace(page, body=Looked((asked,), [], (gone,)), next_cursor=place.cursor)


def _ids(rows: object) -> set[str]:
    """The ids of the rows, of those too that are otherwise not to be read."""
    found = rows if isinstance(rows, list) else []
    return {str(row["id"]) for row in found if isinstance(row, dict) and row.get("id")}


def by_group(client: SentryClient, ids: tuple[str, ...]) -> Page:
    """Many issues by their ids, as Sentry takes them."""
    return client.issues_by_id(ids)


def by_id(client: SentryClient, ids: tuple[str, ...]) -> Page:
    """The same, as GlitchTip takes them."""
    return client.issues_with_id(ids)
