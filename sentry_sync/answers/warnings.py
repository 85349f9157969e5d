"""What the sync has to confess: passes that failed or never ended, rows it could not read. Pure."""

from __future__ import annotations

from sentry_sync.answers import untrusted
from sentry_sync.answers.times import shown
from sentry_sync.store.reads.knowledge import Failing, Knowledge, LastPass, Rejected

REASON = 200
"""Characters of a failed pass's error that a note repeats."""


def warnings(known: Knowledge) -> tuple[str, ...]:
    """One line for each stream that is not as it should be."""
    ended = {stream for stream, _ in known.marks}
    # A sync that nobody scheduled may have brought since what the schedule failed at.
    brought = {found.stream: found.updated_at for found in known.passes if found.state == "done"}
    failing = [found for found in known.failing if brought.get(found.stream, found.at) <= found.at]
    names = {found.stream for found in failing}
    notes = [_pass(found, first=found.stream not in ended, told=found.stream in names) for found in known.passes]
    told = [*map(_failing, failing), *notes, *map(_rejected, known.rejected)]
    return tuple(note for note in told if note)


def _failing(found: Failing) -> str:
    error = untrusted.line(found.error or "no reason given", REASON)
    times = "once" if found.failures == 1 else f"{found.failures} times in a row"
    return f"the sync of {found.stream} failed {times}, next try at {shown(found.due_at)}: {error}"


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
