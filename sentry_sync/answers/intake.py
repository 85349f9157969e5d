"""Webhooks taken in: written down, for whoever syncs to act on."""

from __future__ import annotations

from collections.abc import Sequence

from sentry_sync.answers.desk import Desk
from sentry_sync.records.delivery import Delivery, Taken


def take(desk: Desk, found: Sequence[Delivery]) -> list[Taken]:
    """What became of each; all are in the store when this returns.

    Raises StoreMismatch when the store is another organization's, and other StoreErrors.
    """
    desk.check_origin()
    desk.store.prepare()
    with desk.store.write() as uow:
        return uow.deliveries.take(found)
