"""The report's lists of issues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Cell, Column, Paragraph, Table, quoted
from sentry_sync.answers.report.material import Material

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _List:
    """One list: which query, and what is shown of its rows beside the issue."""

    query: str
    caption: str
    columns: tuple[tuple[Column, Callable[[Row], Cell]], ...]
    none: str
    """What to say where there are no rows."""
    needs: str | None = None
    """Rows without this belong to no list: nothing can be said of them."""
    unknown: str = ""
    """What to say where there are only such rows, or nothing is known of the week."""
    of: str = "issues"
    """The resource that the rows are known from; ``looks`` at issues before the week was over."""


def _number(heading: str, show: Callable[[Row], Cell]) -> tuple[Column, Callable[[Row], Cell]]:
    return Column(heading, number=True), show


def _plain(heading: str, show: Callable[[Row], Cell]) -> tuple[Column, Callable[[Row], Cell]]:
    return Column(heading), show


_STATUS = _plain("now", lambda row: untrusted.word(row["status"]) or wording.NONE)
_ERRORS = _number("errors", lambda row: wording.partly(row["errors"], row.get("covered", 1)))

LISTS: Sequence[_List] = (
    _List(
        "first_seen_issues",
        "New issues",
        (_ERRORS, _plain("first seen", lambda row: wording.moment(row["first_seen"])), _STATUS),
        "No issue happened for the first time.",
        unknown="Which issues were new is not known: those of this week were never read.",
    ),
    _List(
        "regressed_issues",
        "Regressed issues",
        (
            _ERRORS,
            _plain("came back", lambda row: _between(row["reopened_after"], row["reopened_by"])),
            _STATUS,
        ),
        "No issue that was resolved came back.",
        unknown="Which issues came back is not known: nobody looked at them in this week.",
        of="looks",
    ),
    _List(
        "growing_issues",
        "Fastest growing issues",
        (
            _ERRORS,
            _number("week before", lambda row: wording.count(row["previous"])),
            _number("change", lambda row: wording.change(row["growth"])),
            _number("score", lambda row: wording.number(row["score"])),
        ),
        "No issue with ten errors or more has more than in the week before.",
        "score",
        "Of growth nothing is told: this week or the one before is not known as a whole.",
        of="error_counts",
    ),
    _List(
        "noisiest_issues",
        "Noisiest issues",
        (_ERRORS, _number("week before", lambda row: wording.count(row["previous"])), _STATUS),
        "No errors are known.",
    ),
    _List(
        "user_impact",
        "Issues by users affected",
        (
            _number("users", lambda row: wording.count(row["users"])),
            _number("of all users with errors", lambda row: wording.share(row["share"], 1)),
            _STATUS,
        ),
        "No event happened.",
        "users",
        "Of users nothing is told: no event of this week that is held names one.",
        of="events",
    ),
    _List(
        "resolved_issues",
        "Resolved issues",
        (
            _plain("resolved", lambda row: _between(row["resolved_after"], row["resolved_by"])),
            _number("took", lambda row: wording.hours(row["hours"])),
            _STATUS,
        ),
        "No look saw an issue resolved.",
        unknown="Which issues were resolved is not known: nobody looked at them in this week.",
        of="looks",
    ),
)


def tables(material: Material, project: str | None, limit: int) -> Iterator[Table | Paragraph]:
    """Each list, cut at ``limit``: of one project, or of all with the project beside each issue."""
    for one in LISTS:
        rows = material.rows(one.query, project)
        fit = [row for row in rows if one.needs is None or row[one.needs]]
        if fit:
            yield _table(one, fit, limit, with_project=project is None)
        else:
            yield Paragraph(
                one.unknown if one.unknown and (rows or not _knows(material, one, project)) else one.none
            )


def _knows(material: Material, one: _List, project: str | None) -> bool:
    if one.of == "looks":
        return material.looked(project)
    return material.knows(one.of, project)


def spikes(material: Material, project: str | None, limit: int) -> Iterator[Table]:
    """The hours of the week that stick out, where there are any and it is known what is usual."""
    rows = [row for row in material.rows("error_spikes", project) if row["score"] is not None]
    if not rows:
        return
    names = ("errors", "usual", "one issue's share")
    yield Table(
        "Hours with far more errors than usual",
        (
            Column("hour (UTC)"),
            *([Column("project")] if project is None else []),
            *(Column(name, number=True) for name in names),
        ),
        tuple(
            (
                wording.moment(row["hour"]),
                *([quoted(row["project"])] if project is None else []),
                wording.count(row["errors"]),
                wording.number(row["usual"]),
                wording.share(row["top_share"], 0),
            )
            for row in rows[:limit]
        ),
        _more(rows, limit),
    )


def _more(rows: Sequence[Row], limit: int) -> str:
    return f"{len(rows) - limit:,} more are not shown." if len(rows) > limit else ""


def _table(one: _List, rows: Sequence[Row], limit: int, *, with_project: bool) -> Table:
    issue = [Column("issue"), Column("title"), *([Column("project")] if with_project else [])]
    return Table(
        one.caption,
        (*issue, *(column for column, _ in one.columns)),
        tuple(
            (
                quoted(row["short_id"] or row["issue_id"]),
                quoted(row["title"]),
                *([quoted(row["project"])] if with_project else []),
                *(show(row) for _, show in one.columns),
            )
            for row in rows[:limit]
        ),
        _more(rows, limit),
    )


def _between(after: Any, by: Any) -> str:
    """When something happened that no look saw happen."""
    if by is None:
        return "when, no look saw"
    return f"between {wording.moment(after)} and {wording.moment(by)}"
