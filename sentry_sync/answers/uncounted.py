"""Why there is no verdict where no errors are counted by the hour."""

from __future__ import annotations

from sentry_sync.answers.freshness import Refusal
from sentry_sync.store.reads.knowledge import Knowledge

_NEVER = Refusal(
    "not_supported",
    "a verdict stands on weeks of errors counted by the hour, which only a sync reads: run sentry-sync sync",
)
_NOT_AT_ALL = Refusal("not_supported", "this server counts no errors by the hour, on which a verdict stands")


def no_counts(known: Knowledge) -> Refusal:
    """Whether the server cannot count them, or no sync has read them."""
    return _NOT_AT_ALL if known.capabilities.get("explore.errors") is False else _NEVER
