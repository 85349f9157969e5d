"""How every question is answered: look into the store; on a miss ask Sentry, write down what it said, look again.

Looking is one snapshot and takes a millisecond, so a server may do it on its loop. What follows a miss waits for
the network and is handed back as :class:`Pending`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sentry_sync.answers.freshness import Facts, Refusal, freshness
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.refusals import refusal_of
from sentry_sync.errors import BudgetExhausted, SentryError, SettingsError, StoreError, StoreMismatch

if TYPE_CHECKING:
    from sentry_sync.answers.desk import Desk
    from sentry_sync.answers.live import Live
    from sentry_sync.store.reads.prepared import Snapshot

Answer = dict[str, Any]
"""JSON-ready: what was asked for, and ``freshness``."""


@dataclass(frozen=True, slots=True)
class Step:
    """One errand to Sentry that ends with what it brought in the store."""

    name: str
    run: Callable[[Live], Learned]


@dataclass(frozen=True, slots=True)
class Learned:
    """What an errand brought beside the rows it wrote."""

    at: datetime
    """The server's time when it began to answer."""
    notes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    """The rows of the answer, in its order, where the errand has settled that."""
    complete: bool = True
    """Whether Sentry's answer was read as far as the question needs."""
    more: bool = False
    """Whether Sentry has further rows behind these."""
    rung: str | None = None
    """Which way it went, where there are several."""


@dataclass(slots=True)
class View:
    """What a question sees: one snapshot of the store, and what was learned since it was asked."""

    snapshot: Snapshot
    now: datetime
    """When the question was asked; the same for all its looks, so that "the last hour" stays the same hour."""
    origin: tuple[str | None, str | None]
    """Base URL and slug of the organization the answers are about, as far as anybody has said."""
    learned: dict[str, Learned] = field(default_factory=dict)
    refused: bool = False
    """Sentry was asked, or would have been, and it came to nothing: this look is the last."""

    def notes(self, *steps: str) -> tuple[str, ...]:
        """What the errands had to say."""
        return tuple(note for step in steps if step in self.learned for note in self.learned[step].notes)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look gave: rows, facts about them, and what to do about what is missing."""

    rows: Answer
    facts: Facts
    miss: Miss | None = None
    step: Step | None = None
    """None where there is no miss, or where Sentry would know no better."""
    refusal: Refusal | None = None
    """Why Sentry would know no better."""


class Question(Protocol):
    """One question with its arguments."""

    @property
    def resource(self) -> str:
        """Whose sync interval the answer's freshness is about."""

    def look(self, view: View) -> Found:
        """The answer as far as the store knows it. Raises QuestionError for what cannot be answered at all."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that has to wait for Sentry. ``resume`` blocks, a few seconds at most."""

    resume: Callable[[], Answer]


NOT_CONFIGURED = Refusal(
    "offline", "no server is configured; set SENTRY_AUTH_TOKEN and SENTRY_ORG to let answers ask Sentry"
)


def begin(desk: Desk, question: Question) -> Answer | Pending:
    """The answer, if the store can give it (or there is no Sentry to ask); else how to get it."""
    now = desk.clock.now()
    found = desk.look(question, now, {})
    if found.step is None:
        return _finished(desk, question, found, missed=found.miss, refusal=found.refusal)
    refusal = NOT_CONFIGURED if desk.client is None else desk.unreachable(now)
    if refusal:
        last = desk.look(question, now, {}, refused=True)
        return _finished(desk, question, last, missed=found.miss, refusal=refusal)
    return Pending(lambda: _resolve(desk, question, now, found))


def _resolve(desk: Desk, question: Question, now: datetime, found: Found) -> Answer:
    learned: dict[str, Learned] = {}
    asked: Miss | None = None
    try:
        live = desk.live()
        while found.step is not None and found.step.name not in learned:
            learned[found.step.name] = found.step.run(live)
            asked = found.miss
            found = desk.look(question, now, learned)
    except StoreMismatch:
        raise
    except (SentryError, BudgetExhausted, SettingsError, StoreError) as error:
        refusal = desk.refused(refusal_of(error))
        last = desk.look(question, now, learned, refused=True)
        if last.miss is None:  # meanwhile a sync, or another question, has brought what was missing
            return _finished(desk, question, last, asked=asked)
        return _finished(desk, question, last, asked=asked, missed=last.miss, refusal=refusal)
    return _finished(desk, question, found, asked=asked, missed=found.miss, refusal=found.refusal)


def _finished(
    desk: Desk,
    question: Question,
    found: Found,
    *,
    asked: Miss | None = None,
    missed: Miss | None = None,
    refusal: Refusal | None = None,
) -> Answer:
    now = desk.clock.now()
    return {
        **found.rows,
        "freshness": freshness(
            found.facts,
            now=now,
            next_sync_at=desk.next_sync_at(question.resource, found.facts.as_of, now),
            asked=asked,
            missed=missed,
            refusal=refusal,
        ),
    }
