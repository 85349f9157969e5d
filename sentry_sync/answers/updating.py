"""update-issue: resolve, ignore, reopen or assign an issue: at Sentry first, then in the copy; and audited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import NOT_CONFIGURED
from sentry_sync.answers.command import Command, Listener
from sentry_sync.answers.freshness import Facts, Refusal, freshness
from sentry_sync.answers.references import IssueReference, issue_reference
from sentry_sync.answers.refusals import refusal_of
from sentry_sync.answers.times import shown
from sentry_sync.errors import (
    BudgetExhausted,
    QuestionError,
    SentryError,
    SettingsError,
    StoreError,
    StoreMismatch,
    Unsure,
)
from sentry_sync.store.changes import Change
from sentry_sync.store.presence import this_process
from sentry_sync.store.reads import issues
from sentry_sync.sync.plan import stale_after

if TYPE_CHECKING:
    from sentry_sync.answers.asking import Answer
    from sentry_sync.answers.desk import Desk
    from sentry_sync.answers.live import Live

OFF = "update-issue is off: only who starts the server with `sentry-sync mcp --allow-writes` may change issues"

NOBODY = "nobody"

_ASSIGNEE = re.compile(r"(user|team):[0-9]{1,19}|#[a-z0-9_-]{1,100}|[^\s@:<>\"'\\]{1,100}@[A-Za-z0-9.-]{1,100}")

LOOK_AGAIN = "look at the issue again before this is sent again: the change may have been made, or may still come"

DONE, NOT_DONE, REFUSED, UNKNOWN = "done", "not_done", "refused", "unknown"


@dataclass(frozen=True, slots=True)
class Wish:
    """One field of an issue and what it is to be; empty for an assignee that is nobody."""

    field: str
    value: str

    @property
    def is_told(self) -> bool:
        """Whether an issue's row tells it: whose e-mail address or team's slug it is, it does not."""
        return self.field == "status" or not self.value or ":" in self.value

    def is_shown_by(self, issue: Any) -> bool:
        """Whether ``issue`` is as was wished, as far as its row tells."""
        if self.is_told:
            return (value_of(issue, self.field) or "") == self.value
        return bool(issue.assigned_type == ("team" if self.value.startswith("#") else "user"))


def value_of(issue: Any, name: str) -> str | None:
    """What an issue's row has in that field: a status, or ``user:ID`` or ``team:ID``."""
    if name == "status":
        return str(issue.status)
    return f"{issue.assigned_type}:{issue.assigned_id}" if issue.assigned_id else None


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of a change."""

    outcomes: tuple[str, ...]
    """Of each wish."""
    issue: Any = None
    """The issue as Sentry showed it since; None where it did not."""
    at: datetime | None = None
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()
    stored: bool = False
    """Whether the copy shows it too."""


@dataclass(frozen=True, slots=True)
class UpdateCommand(Command):
    """Change an issue's status, or who it is assigned to, or both at once."""

    issue_id: str
    status: str | None = None
    assign_to: str | None = None

    resource = "issues"

    def wishes(self) -> tuple[Wish, ...]:
        """What is to be changed; raises QuestionError for nothing, and for an assignee that can't be one."""
        found = [Wish("status", self.status)] if self.status else []
        if self.assign_to:
            nobody = self.assign_to.lower() == NOBODY
            if not nobody and not _ASSIGNEE.fullmatch(self.assign_to):
                raise QuestionError("assign_to must be user:ID, team:ID, #team-slug, an e-mail address, or nobody")
            found.append(Wish("assigned_to", "" if nobody else self.assign_to))
        if not found:
            raise QuestionError("update-issue changes nothing without status or assign_to")
        return tuple(found)

    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """Change it at Sentry, then in the copy, and say what came of it, whatever did."""
        if not desk.means.allow_writes:
            raise QuestionError(OFF)
        wishes = self.wishes()
        with desk.moment() as (snapshot, origin):
            reference = issue_reference(self.issue_id, *origin)
            held = _held(snapshot, reference)
        refusal = NOT_CONFIGURED if desk.client is None else desk.unreachable(desk.clock.now())
        if refusal:
            return _answer(desk, held, wishes, _nothing(wishes, refusal))
        try:
            live = desk.live()
            held = held or _looked_up(desk, live, reference)
            deed = _audited(desk, live, held, wishes, listener)
        except StoreMismatch:
            raise
        except (SentryError, BudgetExhausted, SettingsError, StoreError) as error:
            deed = _nothing(wishes, desk.refused(refusal_of(error)))
        return _answer(desk, held, wishes, deed)


def _held(snapshot: Any, reference: IssueReference) -> Any | None:
    """The issue as the copy has it; the one it was merged into, and none that is gone."""
    if reference.issue_id:
        row = issues.by_id(snapshot, reference.issue_id)
    else:
        row = issues.by_short_id(snapshot, reference.short_id or "")
    row = issues.merged_into(snapshot, row) if row is not None else None
    return None if row is None or row.removed_at is not None else row


def _looked_up(desk: Desk, live: Live, reference: IssueReference) -> Any:
    """An issue that the copy lacks; raises QuestionError when Sentry has none."""
    from sentry_sync.answers.fetching.events import find_issue

    (issue_id,) = find_issue(live, reference).ids
    with desk.moment() as (snapshot, _):
        found = issues.by_id(snapshot, issue_id)
    if found is None:
        raise QuestionError("this copy keeps to other projects than this issue's")
    return found


def _nothing(wishes: Sequence[Wish], refusal: Refusal) -> Deed:
    return Deed((REFUSED,) * len(wishes), refusal=refusal)


def _audited(desk: Desk, live: Live, held: Any, wishes: Sequence[Wish], listener: Listener) -> Deed:
    """Send it, between two entries of the audit log. What cannot be logged is not sent: that raises StoreError."""
    keys: list[int] = []
    about = [_change_of(held, wish, live.now(), listener) for wish in wishes]
    live.write(lambda uow: keys.extend(uow.note_changes(about)))
    try:
        deed = _sent(desk, live, held, wishes)
    except (SentryError, BudgetExhausted) as error:
        deed = _nothing(wishes, refusal_of(error))
    try:
        live.write(lambda uow: uow.conclude_changes(keys, deed.outcomes))
    except StoreError as error:
        return _with_note(deed, f"the audit log still says `sent`: {refusal_of(error).note}")
    return deed


def _change_of(held: Any, wish: Wish, at: datetime, listener: Listener) -> Change:
    return Change(
        at=at,
        actor=f"{untrusted.line(listener.name, 60)} through {this_process()}",
        source="mcp",
        action="update-issue",
        target=f"issue:{held.id}",
        field=wish.field,
        old=value_of(held, wish.field),
        new=wish.value or None,
    )


def _sent(desk: Desk, live: Live, held: Any, wishes: Sequence[Wish]) -> Deed:
    from sentry_sync.answers.fetching import change

    try:
        seen = change.update(live, held.id, {_NAMES[wish.field]: wish.value for wish in wishes})
    except Unsure as error:
        return _after_all(desk, held, wishes, error)
    outcomes = _outcomes(seen.issue, wishes, otherwise=NOT_DONE)
    missed = ", ".join(wish.field for wish, outcome in zip(wishes, outcomes, strict=True) if outcome != DONE)
    refusal = Refusal("refused", f"Sentry answers with another {missed} than was asked for") if missed else None
    return Deed(outcomes, seen.issue, seen.at, refusal, seen.notes, seen.stored)


_NAMES: Mapping[str, str] = {"status": "status", "assigned_to": "assignedTo"}
"""What Sentry calls the fields."""


def _after_all(desk: Desk, held: Any, wishes: Sequence[Wish], error: Unsure) -> Deed:
    """What a look at the issue tells of a change that got no answer. It is not sent again, whatever that is.

    What it does not show may still come: a proxy gives up while the server goes on.
    """
    from sentry_sync.answers.fetching import change

    refusal = refusal_of(error)
    try:
        seen = change.look(desk.live(), held.id)
    except (SentryError, BudgetExhausted):
        return Deed((UNKNOWN,) * len(wishes), refusal=refusal, notes=(LOOK_AGAIN,))
    shown_ones = _outcomes(seen.issue, wishes, otherwise=UNKNOWN)
    outcomes = tuple(
        outcome if wish.is_told else UNKNOWN for wish, outcome in zip(wishes, shown_ones, strict=True)
    )
    if UNKNOWN not in outcomes:
        notes = (f"its answer was lost, but Sentry shows the change ({refusal.note})", *seen.notes)
        return Deed(outcomes, seen.issue, seen.at, None, notes, seen.stored)
    return Deed(outcomes, seen.issue, seen.at, refusal, (LOOK_AGAIN, *seen.notes), seen.stored)


def _outcomes(issue: Any, wishes: Sequence[Wish], *, otherwise: str) -> tuple[str, ...]:
    return tuple(DONE if wish.is_shown_by(issue) else otherwise for wish in wishes)


def _with_note(deed: Deed, note: str) -> Deed:
    return Deed(deed.outcomes, deed.issue, deed.at, deed.refusal, (*deed.notes, note), deed.stored)


def _answer(desk: Desk, held: Any | None, wishes: Sequence[Wish], deed: Deed) -> Answer:
    row = deed.issue or held
    facts = Facts(
        as_of=deed.at or (held.verified_at if held else None),
        complete=set(deed.outcomes) == {DONE},
        stale_after=stale_after("issues"),
        source="live" if deed.at else "local",
        notes=deed.notes,
    )
    now = desk.clock.now()
    return {
        "outcome": _outcome(deed.outcomes),
        "issue": _row(row) if row else None,
        "changes": [
            {
                "field": wish.field,
                "old": value_of(held, wish.field) if held else None,
                "new": wish.value or None,
                "outcome": outcome,
            }
            for wish, outcome in zip(wishes, deed.outcomes, strict=True)
        ],
        "copy_updated": deed.stored,
        "freshness": freshness(
            facts, now=now, next_sync_at=desk.next_sync_at("issues", facts.as_of, now), refusal=deed.refusal
        ),
    }


def _outcome(outcomes: Sequence[str]) -> str:
    """``done``, ``partial``, or what all of them came to."""
    return outcomes[0] if len(set(outcomes)) == 1 else "partial"


def _row(issue: Any) -> dict[str, Any]:
    return {
        "id": issue.id,
        "short_id": issue.short_id,
        "status": issue.status,
        "substatus": issue.substatus,
        "assigned_to": value_of(issue, "assigned_to"),
        "verified_at": shown(issue.verified_at),
        "untrusted": untrusted.fields({"title": issue.title, "assignee": issue.assigned_to}),
    }
