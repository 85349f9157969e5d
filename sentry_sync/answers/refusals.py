"""Why Sentry could not be asked, in the words that ``freshness`` uses. Pure."""

from __future__ import annotations

from sentry_sync.answers import untrusted
from sentry_sync.answers.freshness import Refusal
from sentry_sync.errors import (
    AskedToWait,
    AuthFailed,
    BadRequest,
    BudgetExhausted,
    Forbidden,
    Gone,
    NotFound,
    NotSupported,
    QueryTimeout,
    RateLimited,
    SentrySyncError,
    SettingsError,
    StoreError,
    Unavailable,
    Unsure,
)

NOTE = 300
"""Characters of an error's line that an answer repeats."""

_REASONS: tuple[tuple[type[SentrySyncError], str], ...] = (
    (AskedToWait, "rate_limited"),
    (BudgetExhausted, "over_budget"),
    (RateLimited, "rate_limited"),
    (AuthFailed, "unauthorized"),
    (Forbidden, "forbidden"),
    (NotFound, "not_found"),
    (NotSupported, "not_supported"),
    (Gone, "not_supported"),
    (BadRequest, "refused"),
    (QueryTimeout, "timeout"),
    (SettingsError, "offline"),
    (StoreError, "store_unusable"),
)


def refusal_of(error: SentrySyncError) -> Refusal:
    """The reason and the line for what kept us from asking, or from writing down what was said."""
    return Refusal(_reason(error), untrusted.line(str(error), NOTE))


def _reason(error: SentrySyncError) -> str:
    if isinstance(error, Unsure) and isinstance(error.__cause__, SentrySyncError):
        return _reason(error.__cause__)
    if isinstance(error, Unavailable):
        # The client raises this from the network's own error when nothing answered, and by itself for a 5xx.
        return "offline" if error.__cause__ is not None else "server_error"
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "server_error")
