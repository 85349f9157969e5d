"""How every question is answered: look into the store; on a miss ask Sentry, write down what it said, look again.

Looking is one snapshot and takes a millisecond, so a server may do it on its loop. What follows a miss waits for
the network and is handed back as :class:`Pending`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sentry_sync.answers.capping import DEFAULT_BYTES, MOST_BYTES, Paging, cap
from sentry_sync.answers.freshness import Facts, Refusal, freshness
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.refusals import refusal_of
from sentry_sync.errors import BudgetExhausted, SentryError, SettingsError, StoreError, StoreMismatch
from sentry_sync.store.privacy.rules import Rules
from sentry_sync.trends.verdicts.health import Targets

if TYPE_CHECKING:
    from sentry_sync.answers.desk import Desk
    from sentry_sync.answers.live import Live
    from sentry_sync.store.lease import Lease
    from sentry_sync.store.reads.prepared import Snapshot

Answer = dict[str, Any]
"""JSON-ready: what was asked for, and ``freshness``."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a question is asked, whatever it is about."""

    fresh: bool = False
    """Sentry's own word is wanted, though the store may know."""
    max_age: timedelta | None = None
    """The same, once the answer would be older."""
    max_bytes: int = DEFAULT_BYTES
    copy_alone: bool = False
    """Sentry is not to be asked, whatever the copy lacks; that is then said of the answer."""

    def demands(self, facts: Facts, now: datetime) -> bool:
        """Whether an answer with these facts is not fresh enough for whoever asks."""
        if self.fresh:
            return True
        return self.max_age is not None and (facts.as_of is None or now - facts.as_of > self.max_age)


PLAINLY = Ask(max_bytes=MOST_BYTES)
"""As a program asks, which has no context to fill."""


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
    rows: tuple[Mapping[str, Any], ...] = ()
    """What the errand knows of each of ``ids`` that the store does not keep: where it stands in Sentry's order."""
    complete: bool = True
    """Whether Sentry's answer was read as far as the question needs."""
    more: bool = False
    """Whether Sentry has further rows behind these."""
    onward: Mapping[str, Any] | None = None
    """The same, of where what was read ends."""
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
    max_bytes: int = DEFAULT_BYTES
    """What the whole answer may take, for a question that makes its rows to measure."""
    targets: Targets = field(default_factory=Targets)
    """What projects are held to."""
    rules: Rules = field(default_factory=Rules)
    """What of events was scrubbed before it was stored."""
    holder: Lease | None = None
    """Who syncs, if anybody does."""

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
    refresh: Step | None = None
    """How Sentry is asked for this very answer although the store has it; None where it can't tell. Of several
    steps the next one; once all were taken, the last."""
    paging: Paging | None = None
    """Which list may be cut, and how to go on with it."""


class Question(Protocol):
    """One question with its arguments."""

    @property
    def resource(self) -> str:
        """Whose sync interval the answer's freshness is about."""

    def look(self, view: View) -> Found:
        """The answer as far as the store knows it. Raises QuestionError for what cannot be answered at all."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that has to be waited for: Sentry's, or a long look. ``resume`` blocks, a few seconds at most."""

    resume: Callable[[], Answer]


NOT_CONFIGURED = Refusal(
    "offline", "no server is configured; set SENTRY_AUTH_TOKEN and SENTRY_ORG to let answers ask Sentry"
)


COPY_ALONE = Refusal("not_asked", "only the copy was looked at")


NOTHING_FRESHER = Refusal("not_supported", "Sentry cannot be asked for this: it is what the copy itself knows")


def begin(desk: Desk, question: Question, ask: Ask = PLAINLY, *, within: float | None = None) -> Answer | Pending:
    """The answer, if the store can give it (or there is no Sentry to ask); else how to get it.

    Raises TookTooLong if a look at the store takes longer than ``within`` seconds.
    """
    inquiry = _Inquiry(desk, question, ask, desk.clock.now(), within)
    found = inquiry.look()
    if inquiry.next_step(found) is None:
        return inquiry.finished(found)
    refusal = NOT_CONFIGURED if desk.client is None else desk.unreachable(inquiry.now)
    if refusal is None and ask.copy_alone:
        refusal = COPY_ALONE
    if refusal:
        return inquiry.refused(refusal)
    return Pending(lambda: desk.sharing.once((question, ask), inquiry.resolved))


class _Inquiry:
    """One question on its way to an answer."""

    def __init__(
        self, desk: Desk, question: Question, ask: Ask, now: datetime, within: float | None = None
    ) -> None:
        self.desk = desk
        self.within = within
        self.question = question
        self.ask = ask
        self.now = now
        self.learned: dict[str, Learned] = {}
        self.asked: Miss | None = None

    def look(self, *, refused: bool = False) -> Found:
        return self.desk.look(
            self.question,
            self.now,
            self.learned,
            refused=refused,
            max_bytes=self.ask.max_bytes,
            within=self.within,
        )

    def next_step(self, found: Found) -> Step | None:
        """What to ask Sentry next: what is missing, or what is to be fresher. Nothing is asked twice."""
        step = found.step
        if step is None and found.miss is None and self._unmet(found):
            step = found.refresh
        return step if step is not None and step.name not in self.learned else None

    def _unmet(self, found: Found) -> bool:
        """Whether the answer is not as fresh as was asked. What Sentry just said is as fresh as can be."""
        told = found.refresh is not None and found.refresh.name in self.learned
        return not told and self.ask.demands(found.facts, self.desk.clock.now())

    def resolved(self) -> Answer:
        """The answer once Sentry was asked whatever is needed: another may have brought it since it was missed."""
        self.within = None
        found = self.look()
        if self.next_step(found) is None:
            return self.finished(found)
        try:
            live = self.desk.live()
            while (step := self.next_step(found)) is not None:
                self.learned[step.name] = step.run(live)
                self.asked = found.miss or Miss.ASKED_FRESH
                found = self.look()
        except StoreMismatch:
            raise
        except (SentryError, BudgetExhausted, SettingsError, StoreError) as error:
            return self.refused(self.desk.refused(refusal_of(error)))
        return self.finished(found)

    def refused(self, refusal: Refusal) -> Answer:
        """The answer from what is known, since Sentry can't be asked."""
        last = self.look(refused=True)
        if last.miss is None and not self._unmet(last):
            return self.finished(last)  # meanwhile a sync, or another question, has brought what was missing
        missed = last.miss or Miss.ASKED_FRESH
        return self.finished(
            replace(last, facts=replace(last.facts, complete=False), miss=missed, refusal=refusal)
        )

    def finished(self, found: Found) -> Answer:
        missed, refusal = found.miss, found.refusal
        if missed is None and found.refresh is None and self._unmet(found):
            missed, refusal = Miss.ASKED_FRESH, refusal or NOTHING_FRESHER
        now = self.desk.clock.now()
        answer = {
            **found.rows,
            "freshness": freshness(
                found.facts,
                now=now,
                next_sync_at=self.desk.next_sync_at(self.question.resource, found.facts.as_of, now),
                asked=self.asked,
                missed=missed,
                refusal=refusal,
            ),
        }
        return cap(answer, found.paging, self.ask.max_bytes)
