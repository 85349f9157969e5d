"""A tool's call as the audit log has it: who, what, how long and how much, and never what was answered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Answer
from sentry_sync.store.audit_trail import Entry

LONGEST_NAME = 80
"""Characters of what a client calls itself, which it may make up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call under way."""

    who: str
    tool: str
    arguments: Mapping[str, Any]
    began: float = field(default_factory=time.monotonic)

    def answered(self, answer: Answer) -> Entry:
        """The entry of a call that was answered."""
        return self._entry("ok", answer.get("freshness", {}).get("source"), rows_of(answer))

    def refused(self, error: Exception) -> Entry:
        """The entry of one that was not, by the kind of error alone: its text may quote what was asked."""
        return self._entry(type(error).__name__, None, None)

    def _entry(self, outcome: str, source: str | None, rows: int | None) -> Entry:
        who, tool = untrusted.line(self.who, LONGEST_NAME), untrusted.line(self.tool, LONGEST_NAME)
        took = (time.monotonic() - self.began) * 1000
        return Entry(who, tool, self.arguments, outcome, source, rows, took)


def rows_of(answer: Answer) -> int:
    """How many rows an answer has."""
    told = answer.get("row_count")
    return told if isinstance(told, int) else sum(len(part) for part in answer.values() if isinstance(part, list))
