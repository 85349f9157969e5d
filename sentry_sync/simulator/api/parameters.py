"""The parameters most endpoints share: projects, environments, the window of time, page size and cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sentry_sync.simulator import cursors, moments
from sentry_sync.simulator.cursors import Cursor
from sentry_sync.simulator.moments import DAY
from sentry_sync.simulator.world.event_index import Span
from sentry_sync.simulator.world.projects import Project

from .call import ApiError, Call, bad_request

_PERIOD = re.compile(r"(\d+)([smhdw]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": DAY, "w": 7 * DAY}


def period(text: str) -> int:
    """Seconds of a period such as 14d or 24h; 400 for anything else."""
    match = _PERIOD.fullmatch(text)
    if not match:
        raise bad_request(f"Invalid statsPeriod: {text!r}")
    return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True, slots=True)
class Window:
    """The asked stretch of time; `explicit` if the caller named its ends."""

    start: int
    end: int
    explicit: bool
    end_explicit: bool

    @property
    def span(self) -> Span:
        """The window for the event index. An open end takes in what happened this very second."""
        return Span(self.start, self.end)


def window(call: Call, default: int | None = None) -> Window:
    """The window by statsPeriod, or start and end, or the default up to now; clamped to retention.

    A start or an end alone, an unreadable one, or an unknown period is a 400, as in Sentry.
    """
    query, now, retention = call.query, call.now, call.retention
    default = retention if default is None else min(default, retention)
    if query.get("statsPeriod"):
        length = period(query.get("statsPeriod"))
        call.valid_until(now + 1)
        return Window(max(now - length, now - retention), now + 1, explicit=True, end_explicit=False)
    start, end = query.get("start"), query.get("end")
    if not start and not end:
        # Nothing moves in or out of an open window by the clock alone unless its start passes an event.
        oldest = call.world.index.oldest()
        call.valid_until((oldest if oldest is not None else now) + default)
        return Window(now - default, now + 1, explicit=False, end_explicit=False)
    if not (start and end):
        raise bad_request("start and end are both required")
    try:
        low, high = moments.parse_fraction(start), moments.parse_fraction(end)
    except ValueError:
        raise bad_request(f"Invalid date range: {'start' if not _readable(start) else 'end'}") from None
    # An event of a second lies before an end inside that second, so the end rounds up.
    whole_end = int(high) + (high > int(high))
    whole_start = int(low) + (low > int(low))
    if whole_start < now - retention:
        call.valid_until(now + 1)
    if whole_end > now:
        call.valid_until(now + 1)
    return Window(max(whole_start, now - retention), whole_end, explicit=True, end_explicit=True)


def _readable(text: str) -> bool:
    try:
        moments.parse_fraction(text)
    except ValueError:
        return False
    return True


def projects(call: Call) -> list[Project]:
    """The projects asked for: ids, slugs or -1; all of them if none is named. Unknown ones are a 403 or 400.

    A server of the self-hosted profile takes numbers only, like Sentry before slugs were allowed.
    """
    world = call.world
    asked = [value for value in call.query.all("project") if value]
    slugs = [value for value in call.query.all("projectSlug") if value]
    if call.profile == "self-hosted" and any(not value.lstrip("-").isdecimal() for value in asked):
        raise bad_request("Invalid project parameter. Values must be numbers.")
    if not asked and not slugs:
        return list(world.projects)
    if "-1" in asked or "$all" in slugs:
        return list(world.projects)
    found = []
    for value in (*asked, *slugs):
        project = world.project(value)
        if project is None:
            raise ApiError(403, {"detail": "You do not have permission to perform this action."})
        found.append(project)
    return list({project.number: project for project in found}.values())


def environments(call: Call) -> frozenset[int] | None:
    """The numbers of the environments asked for (-1 is "no environment"); None for all of them."""
    asked = call.query.all("environment")
    if not asked:
        return None
    names = call.world.environments
    numbers = set()
    for name in asked:
        if name == "":
            numbers.add(-1)
        elif name in names:
            numbers.add(names.index(name))
        else:
            raise ApiError(404, {"detail": "The requested resource does not exist"})
    return frozenset(numbers)


def per_page(call: Call, default: int = 100, maximum: int = 100) -> int:
    """The page size; 400 outside 1..maximum."""
    text = call.query.get("per_page")
    if not text:
        return call.shortened(default)
    if not text.lstrip("-").isdecimal() or not 1 <= int(text) <= maximum:
        raise bad_request(f"Invalid per_page value. Must be between 1 and {maximum}.")
    return call.shortened(int(text))


MAX_OFFSET = 10_000
"""Snuba refuses to skip further than this."""


def check_depth(at: Cursor | None, limit: int) -> None:
    """400 for a page that ends beyond Snuba's limit."""
    if at is not None and at.offset + limit > MAX_OFFSET:
        raise bad_request(f"Invalid query. Offset and limit together may not exceed {MAX_OFFSET}.")


def cursor(call: Call) -> Cursor | None:
    """The cursor, if one was sent; 400 for one that Sentry did not make."""
    text = call.query.get("cursor")
    if not text:
        return None
    try:
        return cursors.parse(text)
    except ValueError:
        raise bad_request("Invalid cursor parameter.") from None
