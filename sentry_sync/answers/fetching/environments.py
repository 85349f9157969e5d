"""What Sentry means by 404 to a question about an environment: that there is none of this name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_sync.answers.asking import Learned
from sentry_sync.errors import NotFound
from sentry_sync.records.fields import named

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live


def none_of_that_name(live: Live, environment: str | None, refusal: NotFound) -> Learned:
    """The empty answer to a question about an environment that does not exist; raises ``refusal`` if it does."""
    if environment is None:
        raise refusal
    page = live.client.environments()
    rows = page.body if isinstance(page.body, list) else []
    if environment in map(named, rows):
        raise refusal
    return Learned(page.server_time, ("Sentry has no environment of that name",))
