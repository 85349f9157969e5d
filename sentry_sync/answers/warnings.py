"""What the sync has to confess: passes that failed or never ended, rows it could not read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_sync.answers import untrusted
from sentry_sync.answers.times import shown
from sentry_sync.store.reads.knowledge import Failing, Knowledge, LastPass, Rejected

if TYPE_CHECKING:
    from sentry_sync.answers.asking import View

REASON = 200
"""Characters of a failed pass's error that a note repeats."""


def warnings(known: Knowledge, view: View) -> tuple[str, ...]:
    """One line for each stream that is not as it should be."""
    ended = {stream for stream, _ in known.marks}
    # A sync that nobody scheduled may have brought since what the schedule failed at.
    brought = {found.stream: found.updated_at for found in known.passes if found.state == "done"}
    failing = [found for found in known.failing if brought.get(found.stream, found.at) <= found.at]
    names = {found.stream for found in failing}
    notes = [_pass(found, first=found.stream not in ended, told=found.stream in names) for found in known.passes]
    told = [*(_failing(found, view) for found in failing), *notes, *map(_rejected, known.rejected)]
    return tuple(note for note in told if note)


def _failing(found: Failing, view: View) -> str:
    error = untrusted.line(found.error or "no reason given", REASON)
    times = "once" if found.failures == 1 else f"{found.failures} times in a row"
    return f"the sync of {found.stream} failed {times}, {_next(found, view)}: {error}"


def _next(found: Failing, view: View) -> str:
    if view.holder is None:
        return "and no process syncs now"
    rest = view.holder.resting(view.now)
    return f"next try at {shown(max(found.due_at, rest.until) if rest else found.due_at)}"


def _pass(found: LastPass, *, first: bool, told: bool) -> str | None:
    if found.state == "failed" and not told:
        error = untrusted.line(found.error or "no reason given", REASON)
        return f"the last sync of {found.stream} failed at {shown(found.updated_at)}: {error}"
    if found.state == "running" and first:
        return f"the first sync of {found.stream} is not finished: {found.pages} pages read so far"
    return None


def _rejected(found: Rejected) -> str:
    reason = f" ({untrusted.line(found.reason, REASON)})" if found.reason else ""
    return (
        f"rows of {found.stream} could not be read{reason} and are missing: up to {found.most} in one pass "
        f"since {shown(found.since)}"
    )
