"""How fresh and how complete a report is: what does not belong to the whole week, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Block, Column, Paragraph, Points, Section, Table
from sentry_sync.answers.report.material import Material
from sentry_sync.trends.freshness import TableState, describe

_TIMED = {
    "error_counts": "errors",
    "issues": "issues",
    "release_health": "sessions",
    "transactions": "transactions by the hour",
    "web_vitals": "web vitals",
    "events": "single events, by which users are counted",
}
"""What is known for stretches of time, and what it is to a reader."""

_LISTS = {"releases": "releases", "projects": "projects", "transaction_windows": "slow transactions"}
"""Tables that are read as a whole now and then."""

_TWO_WEEKS = ("error_counts", "release_health", "transactions")
"""Of these the week before is shown as well."""


def missing(material: Material) -> tuple[str, ...]:
    """Why it is not complete, a sentence each; nothing where it is."""
    return tuple(dict.fromkeys(_all(material)))


def _all(material: Material) -> Iterator[str]:
    tables = material.tables
    for resource, what in _TIMED.items():
        yield from _time_unknown(material, resource, what)
    for name, what in _LISTS.items():
        if name in tables:
            yield from _not_since(tables[name], what, material.week.end)
    yield from _unseen(material)
    for name, result in material.results.items():
        if result.truncated:
            yield f"there are more rows of {name} than were looked at, so its lists and counts are cut"
    for state in tables.values():
        if state.set_aside:
            yield f"{wording.many(state.set_aside, 'row')} of {state.table} could not be read and are left out"
    yield from _judgements(material)
    if len(material.projects()) > len(material.health):
        yield (
            f"{len(material.projects()) - len(material.health)} projects are told in the overview only, without "
            "verdicts and health"
        )


def _time_unknown(material: Material, resource: str, what: str) -> Iterator[str]:
    """Of the project of which the least is known."""
    rows = [row for row in material.rows("time_known") if row["resource"] == resource]
    if not any(row["ever"] for row in rows):
        yield f"{what} were never synced"
        return
    spans = {"covered": "this week"}
    if resource in _TWO_WEEKS:
        spans["covered_before"] = "the week before"
    for column, name in spans.items():
        share = min(row[column] for row in rows)
        if share < 1:
            yield f"of {name} {wording.part(share)} of the time is known of {what}"


def _not_since(state: TableState, what: str, end: datetime) -> Iterator[str]:
    if state.as_of is None:
        yield f"{what} were never synced"
    elif state.as_of < end:
        yield f"{what} were last read at {wording.moment(state.as_of)}, before the week was over"


def _unseen(material: Material) -> Iterator[str]:
    """What was resolved or came back is known from looks alone."""
    looks = [row["looked_since"] for row in material.rows("project_weeks") if row["looked_since"] is not None]
    late = [look for look in looks if look > material.week.start]
    if late:
        of = "" if len(late) == len(looks) else f" of {wording.many(len(late), 'project')}"
        yield (
            f"issues{of} that were resolved or came back before {wording.moment(max(late))} are not known: then "
            "was the first look at them"
        )


def _judgements(material: Material) -> Iterator[str]:
    verdicts = [one for judged in material.verdicts.values() for one in judged if one.found.rows["verdict"]]
    partly = sum(not one.found.facts.complete for one in verdicts)
    if partly:
        yield f"{partly} of {wording.many(len(verdicts), 'verdict')} rest on a part of the time since the release"
    unwell = sum(not found.facts.complete for found in material.health.values())
    if unwell:
        yield f"the health of {wording.many(unwell, 'project')} rests on a part of the last two weeks"


def freshness(material: Material) -> Section:
    """How old and how complete each part is, in the words of the answers themselves."""
    return Section("How fresh and how complete this is", tuple(_blocks(material)))


def _blocks(material: Material) -> Iterator[Block]:
    found = missing(material)
    if found:
        yield Paragraph("This report is not complete:")
        yield Points(tuple(f"{reason}." for reason in found))
    else:
        yield Paragraph("All that belongs into this week is known.")
    yield Table(
        "Each table that was read, all at one moment",
        (Column("table"), Column("as of (UTC)"), Column("what of it is known")),
        tuple(
            (state.table, wording.moment(state.as_of), describe(state).partition(": ")[2])
            for _, state in sorted(material.tables.items())
        ),
    )
