"""What a page is given: how to ask, and what the browser asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import TypeVar

from sentry_sync.answers.asking import Answer, Ask, Question
from sentry_sync.answers.capping import MOST_BYTES
from sentry_sync.answers.command import Command, Listener
from sentry_sync.answers.context import Answers
from sentry_sync.serve.dashboard.kept import Held, Kept

T = TypeVar("T")

FROM_THE_COPY = Ask(max_bytes=MOST_BYTES, copy_alone=True)
FROM_SENTRY = Ask(max_bytes=MOST_BYTES, fresh=True)

PATIENCE = 0.02
"""Seconds that a page waits in all for what is worked out beside it: it must be there within 0.05."""

WHO = "the dashboard over HTTP"
"""Who asks, for the audit log, which has a line for each page."""

BROWSER = Listener(name=WHO)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a page."""

    answers: Answers
    kept: Kept
    path: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    """The address's query, without what was left empty."""
    form: Mapping[str, str] = field(default_factory=dict)
    """What was posted."""
    began: float = field(default_factory=monotonic)

    @property
    def of_sentry(self) -> bool:
        """Whether somebody pressed the button that asks Sentry itself."""
        return self.form.get("ask") == "sentry"

    @property
    def now(self) -> datetime:
        """The time that ages are told by."""
        return self.answers.now

    def answer(self, question: Question, max_bytes: int = MOST_BYTES) -> Answer:
        """The answer from the copy, or from Sentry if that was asked for with the page's button."""
        how = FROM_SENTRY if self.of_sentry else FROM_THE_COPY
        return self.answers.ask(question, replace(how, max_bytes=max_bytes))

    def carried_out(self, command: Command) -> Answer:
        """What came of a command."""
        return self.answers.carry_out(command, FROM_THE_COPY, BROWSER)

    def beside(self, key: Hashable, work: Callable[[], T], *, patience: float | None = None) -> Held[T] | None:
        """What takes longer than a page may: the last result and its age, or None while there is none.

        Waits as long as the page has time left, or for ``patience`` seconds.
        """
        left = self.began + PATIENCE - monotonic() if patience is None else patience
        return self.kept.ask(key, work, max(0.0, left))
