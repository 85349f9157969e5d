"""What a search's conditions are in SQL: for each, what must be so for an issue to fit, and what makes it certain.

Values are bound parameters, never part of a statement. Where a column is NULL nobody has told us, so the issue may
fit and is not certain to.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from sentry_sync.records.search import Condition
from sentry_sync.store import tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.types import Moment

_history = tables.issue_history

Bool = ColumnElement[bool]


class Sides(NamedTuple):
    """Whether an issue may fit, and whether it does."""

    possible: Bool
    certain: Bool


@dataclass(frozen=True, slots=True)
class Row:
    """An issue as conditions see it."""

    issues: FromClause
    seen: ColumnElement[Any]
    """When it was last seen, in the environment if one was asked for."""
    count: ColumnElement[Any]
    """How many events it had in the window, where ``whole`` is true."""
    whole: Bool
    until: ColumnElement[Any] | None = None
    """Of an issue seen at or after this, it is not known when it was last seen before."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a condition makes its SQL, whatever its values."""

    field: str
    operator: str
    negated: bool
    one: bool
    nobody: bool
    """One of the values is None."""
    word: str | None
    """The value itself, of fields that have few: each has a meaning of its own."""

    @classmethod
    def of(cls, condition: Condition) -> Shape:
        """The shape of ``condition``."""
        values = condition.values
        word = str(values[0]) if condition.field in _WORDS else None
        return cls(condition.field, condition.operator, condition.negated, len(values) == 1, None in values, word)


_WORDS = ("status", "substatus")


def sides(shape: Shape, place: int, row: Row) -> Sides:
    """Both sides of the condition whose values are the parameters of ``place``."""
    return _FIELDS[shape.field](shape, f"value_{place}", row)


def parameters(conditions: Sequence[Condition], of: str = "") -> dict[str, Any]:
    """The values of all conditions, by the names they have in SQL; ``of`` is ``event_`` for those of events."""
    return {f"{of}value_{place}": _value(condition) for place, condition in enumerate(conditions)}


def _value(condition: Condition) -> Any:
    values = [value for value in condition.values if value is not None]
    if condition.operator == "like":
        return _pattern(str(values[0]))
    if len(condition.values) == 1:
        return values[0] if values else None
    return as_list([value for value in values if isinstance(value, (str, int))])


def _pattern(value: str) -> str:
    """``*`` as SQL's ``%``; LIKE takes no account of case in ASCII, as Sentry takes none with wildcards."""
    for special in ("\\", "%", "_"):
        value = value.replace(special, f"\\{special}")
    return value.replace("*", "%")


def _among(column: ColumnElement[Any], shape: Shape, name: str) -> Bool:
    """Whether ``column`` is one of the values; never NULL where the column is not."""
    if shape.operator == "like":
        return column.like(bindparam(name, type_=Text), escape="\\")
    if shape.one:
        return column == bindparam(name, type_=column.type)
    return column.in_(select(listed(name).c.value))


def _turned(fits: Bool, shape: Shape) -> Bool:
    return not_(fits) if shape.negated else fits


_Field = Callable[[Shape, str, Row], Sides]


# -- the status that Sentry has stored, which is not always the one it shows -----------------

SNOOZE_ENDS = timedelta(minutes=15)
"""An expired snooze is shown as unresolved at once and stored so by a job that runs every five minutes; until then
no search for either status finds the issue. This long after it was seen so, the job has been there."""

_LISTED_BY_STATUS = "issues.review"
"""The stream that asks for stored-unresolved issues alone: what it lists is."""


def _unsnoozed(row: Row) -> Bool:
    """Shown as unresolved since a snooze ended, and perhaps stored as ignored."""
    seen = select(_history.c.id).where(
        _history.c.issue_id == row.issues.c.id,
        _history.c.field == "status",
        _history.c.old == "ignored",
        _history.c.new == "unresolved",
        _history.c.at >= bindparam("snoozed_since", type_=Moment),
        _history.c.seen_by != _LISTED_BY_STATUS,
    )
    return and_(
        row.issues.c.status == "unresolved",
        or_(seen.exists(), func.coalesce(row.issues.c.substatus, "").like("archived%")),
    )


def _status(shape: Shape, _parameter: str, row: Row) -> Sides:
    """One status: the stored one, and Sentry drops from its answer what shows another.

    What resolved itself shows as resolved and is stored as unresolved.
    """
    status, by_itself = row.issues.c.status, row.issues.c.auto_resolved
    shown = status == shape.word
    if not shape.negated:
        if shape.word == "resolved":
            return Sides(and_(shown, not_(_true(by_itself))), and_(shown, _false(by_itself)))
        return Sides(shown, and_(shown, not_(_unsnoozed(row))))
    if shape.word == "resolved":
        return Sides(or_(not_(shown), not_(_false(by_itself))), or_(not_(shown), _true(by_itself)))
    if shape.word == "unresolved":
        resolved = status == "resolved"
        return Sides(
            or_(and_(not_(shown), not_(and_(resolved, _true(by_itself)))), _unsnoozed(row)),
            and_(not_(shown), or_(not_(resolved), _false(by_itself))),
        )
    return Sides(not_(shown), and_(not_(shown), not_(_unsnoozed(row))))


def _true(flag: ColumnElement[Any]) -> Bool:
    return func.coalesce(flag, literal_column("0")) == literal_column("1")


def _false(flag: ColumnElement[Any]) -> Bool:
    return func.coalesce(flag, literal_column("1")) == literal_column("0")


NEW_FOR = timedelta(days=7)
"""How long an issue is called new; a job of Sentry's then calls it ongoing."""


def _substatus(shape: Shape, _parameter: str, row: Row) -> Sides:
    """What an issue was called when it was read; new ones grow old without anybody looking."""
    column = row.issues.c.substatus
    fits = column == shape.word
    old = row.issues.c.first_seen < bindparam("new_since", type_=Moment)
    if shape.word == "new":
        return Sides(fits, and_(fits, not_(old)))
    if shape.word == "ongoing":
        return Sides(or_(fits, and_(column == "new", old)), and_(fits, not_(_unsnoozed(row))))
    return Sides(fits, fits)


# -- the others ------------------------------------------------------------------------------


def _column(name: str, *, always: bool = False) -> _Field:
    """A column whose NULL means that nobody told; with ``always`` there is none."""

    def both(shape: Shape, parameter: str, row: Row) -> Sides:
        column = row.issues.c[name]
        fits = _turned(_among(column, shape, parameter), shape)
        if always:
            return Sides(fits, fits)
        return Sides(or_(column.is_(None), fits), and_(column.is_not(None), fits))

    return both


def _assignee(shape: Shape, parameter: str, row: Row) -> Sides:
    """Nobody (None), or a team by its slug."""
    kind, name = row.issues.c.assigned_type, row.issues.c.assigned_to
    found: list[Bool] = [kind.is_(None)] if shape.nobody else []
    if not (shape.nobody and shape.one):
        found.append(
            and_(func.coalesce(kind, "") == "team", func.coalesce(_among(name, shape, parameter), false()))
        )
    fits = _turned(or_(*found), shape)
    return Sides(fits, fits)


def _first_seen(shape: Shape, parameter: str, row: Row) -> Sides:
    actual = row.issues.c.first_seen
    fits = _COMPARE[shape.operator](actual, bindparam(parameter, type_=Moment))
    return Sides(or_(actual.is_(None), fits), and_(actual.is_not(None), fits))


def _last_seen(shape: Shape, parameter: str, row: Row) -> Sides:
    compare, value = _COMPARE[shape.operator], bindparam(parameter, type_=Moment)
    fits = compare(row.seen, value)
    if row.until is None:
        return Sides(fits, fits)
    perhaps = compare(row.until, value) if shape.operator in (">", ">=") else true()
    return Sides(or_(fits, and_(row.seen >= row.until, perhaps)), and_(row.seen < row.until, fits))


def _times_seen(shape: Shape, parameter: str, row: Row) -> Sides:
    """The window's count where it is known, else anything from 1 up to the lifetime's."""
    count, most, whole = row.count, row.issues.c.count, row.whole
    if shape.operator == "=":
        fits = _turned(_among(count, shape, parameter), shape)
        return Sides(_unless_false(or_(fits, not_(whole))), _if_true(and_(whole, fits)))
    value, compare = bindparam(parameter, type_=Integer), _COMPARE[shape.operator]
    extreme = most if shape.operator in (">", ">=") else literal_column("1")
    certainly = and_(compare(literal_column("1"), value), compare(most, value))
    return Sides(
        _unless_false(or_(and_(whole, compare(count, value)), and_(not_(whole), compare(extreme, value)))),
        _if_true(or_(and_(whole, compare(count, value)), and_(not_(whole), certainly))),
    )


def _unless_false(fits: Bool) -> Bool:
    """True also where a count is NULL, which is not known."""
    return func.coalesce(fits, true())


def _if_true(fits: Bool) -> Bool:
    return func.coalesce(fits, false())


_COMPARE: dict[str, Callable[[Any, Any], Bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

_FIELDS: dict[str, _Field] = {
    "status": _status,
    "substatus": _substatus,
    "assignee": _assignee,
    "level": _column("level"),
    "platform": _column("platform"),
    "priority": _column("priority"),
    "category": _column("category"),
    "issue_type": _column("issue_type"),
    "first_release": _column("first_release"),
    "project": _column("project_id", always=True),
    "issue": _column("id", always=True),
    "first_seen": _first_seen,
    "last_seen": _last_seen,
    "times_seen": _times_seen,
}
"""What can be asked. An issue's level and platform are those of its newest event."""


def of_event(events: FromClause, shape: Shape, place: int) -> Bool:
    """Whether a single event fits a condition about events; one without the value has the empty one."""
    column = func.coalesce(events.c[shape.field], "", type_=Text)
    fits = _among(column, shape, f"event_value_{place}")
    return _turned(and_(column != "", fits) if shape.operator == "like" else fits, shape)


def says(row: Row) -> Sides:
    """Whether the free text is in an issue's title or message.

    Sentry looks through the message of each event, which holds the names of file, function and place as well, and
    of a long message more than any list shows.
    """
    issues, text = row.issues, bindparam("text", type_=Text)
    title, value = func.coalesce(issues.c.title, ""), func.coalesce(issues.c.exception_value, "")
    around = [func.coalesce(issues.c[name], "") for name in ("culprit", "exception_type", "filename", "function")]
    ends = [func.substr(column, -length) == mark for column in (title, value) for mark, length in _CUT]
    scrubbed = [_holds(literal_column(f"'{mark}'"), title, value) for mark in _SCRUBBED]
    return Sides(or_(_holds(text, title, value, *around), *ends, *scrubbed), _holds(text, title, value))


_SCRUBBED = ("[filtered]", "hashed-")
"""What stands in a text, in lower case, for what was scrubbed from it: that may be what is looked for."""

_CUT = (("...", 3), ("…", 1))
"""How a text ends that Sentry has cut."""


def _holds(text: ColumnElement[str], *columns: ColumnElement[str]) -> Bool:
    """By `instr` of the lowered texts, all at once since each call costs: LIKE would end at a NUL."""
    joined = reduce(lambda one, other: one.concat(literal_column("char(10)")).concat(other), columns)
    return func.instr(func.lower(joined), text) > literal_column("0")


LEAVING = ("pending_deletion", "deletion_in_progress", "pending_merge")
"""Statuses of issues on their way out, which Sentry's search may show no more."""


def here_to_stay(row: Row) -> Sides:
    """Whether the issue is not being deleted or merged."""
    return Sides(true(), and_(*(row.issues.c.status != leaving for leaving in LEAVING)))


HIDDEN = ("feedback", "configuration")
"""Categories that Sentry's search leaves out unless the query names categories or types."""


def shown_by_default(row: Row, *, named: bool) -> Sides:
    """Whether a search without a word about categories shows the issue; with one nobody knows."""
    category = func.coalesce(row.issues.c.category, "")
    shown = and_(*(category != hidden for hidden in HIDDEN))
    return Sides(true(), shown) if named else Sides(shown, shown)
