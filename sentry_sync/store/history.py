"""What changed of an issue between two looks at it, written in the transaction of the look that saw it.

Sentry cannot tell this afterwards. A row says: at ``after`` the field was ``old``, at ``at`` it was ``new``; when
in between it changed nobody knows. ``field`` is a column of ``issues``. Rows are written by two statements for a
page, which find nothing where the issues are new to us: a first sync has no history and pays next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection

from sentry_sync.records.issue import Issue
from sentry_sync.store.types import to_micros

TRACKED = ("status", "substatus", "priority", "level", "assigned_type", "assigned_id", "assigned_to")
"""Columns whose every observed change is kept. ``removed_as`` is kept as well, and ``count`` once a day."""

DAY = 86_400_000_000
"""A UTC day in microseconds."""

_SEEN = ("id", "at", *TRACKED, "count")

# CROSS JOIN keeps the order, from looks to rows. A look at the same second counts as the later one, as it
# does for the row itself; older ones change nothing.
_BOTH = "look CROSS JOIN issues ON issues.id = look.id AND look.at >= issues.verified_at"

_SAME_DAY = f"issue_history.field = 'count' AND issue_history.at >= look.at - look.at % {DAY}"

_FOLD = f"""UPDATE issue_history SET at = look.at, new = CAST(look.count AS TEXT), seen_by = :by FROM {_BOTH}
WHERE issue_history.issue_id = look.id AND {_SAME_DAY} AND issues.count IS NOT look.count"""  # noqa: S608 (our own names)

_CHANGED = " UNION ALL ".join(
    [
        *(
            f"SELECT id, after, at, '{name}' AS field, old_{name} AS old, {name} AS new FROM seen"  # noqa: S608
            for name in TRACKED
        ),
        "SELECT id, after, at, 'removed_as', old_removed_as, NULL FROM seen",
        "SELECT id, after, at, 'count', CAST(old_count AS TEXT), CAST(count AS TEXT) FROM seen WHERE NOT counted",
    ]
)

_DIFFERS = " OR ".join(
    ["issues.removed_as IS NOT NULL", *(f"issues.{name} IS NOT look.{name}" for name in (*TRACKED, "count"))]
)

_INSERT = f""", seen AS MATERIALIZED (
SELECT look.*, issues.verified_at AS after, issues.removed_as AS old_removed_as, issues.count AS old_count,
{", ".join(f"issues.{name} AS old_{name}" for name in TRACKED)},
EXISTS (SELECT 1 FROM issue_history WHERE issue_history.issue_id = look.id AND {_SAME_DAY}) AS counted
FROM {_BOTH} WHERE {_DIFFERS})
INSERT INTO issue_history (issue_id, after, at, field, old, new, seen_by)
SELECT id, after, at, field, old, new, :by FROM ({_CHANGED}) WHERE old IS NOT new"""  # noqa: S608 (our own names)


def observe(connection: Connection, issues: Iterable[Issue], seen_by: str) -> None:
    """Write down what these looks show to have changed; call it before they are upserted.

    The lifetime count gets one row a UTC day, from the look before the day's first change to its latest change.
    ``seen_by`` names the stream that looked, or ``live``.
    """
    latest = {issue.id: issue for issue in issues}
    if not latest or not connection.exec_driver_sql(_any_of(len(latest)), tuple(latest)).first():
        return
    given = [value for issue in latest.values() for value in _look(issue)]
    for statement in _statements(len(latest)):
        connection.exec_driver_sql(statement, (*given, seen_by))


@cache
def _any_of(looks: int) -> str:
    """Whether one of that many issues is held at all; a first sync is spared the rest."""
    return f"SELECT 1 FROM issues WHERE id IN ({', '.join('?' * looks)}) LIMIT 1"  # noqa: S608 (no values)


@cache
def _statements(looks: int) -> tuple[str, str]:
    """The two for that many looks. They come as a list of values: JSON would cut text off at a NUL."""
    rows = ", ".join([f"({', '.join('?' * len(_SEEN))})"] * looks)
    listed = f"WITH look ({', '.join(_SEEN)}) AS (VALUES {rows})"
    by = f"?{looks * len(_SEEN) + 1}"
    return f"{listed} {_FOLD}".replace(":by", by), f"{listed}{_INSERT}".replace(":by", by)


def _look(issue: Issue) -> list[object]:
    return [issue.id, to_micros(issue.verified_at), *(getattr(issue, name) for name in TRACKED), issue.count]
