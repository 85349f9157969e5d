"""What of the store is published in the lake, and by what its changes since then are told.

Triggers on these tables (migration 0002) write each change of a time that is published, or on its way there, into
``lake_changes``, in the transaction of the change itself and whoever makes it: (resource, its time, its subject).
A row written again as it was is no change, since polls overlap. What SQL reads is then

    rows of the parts whose (time, subject) is not in ``lake_changes``
    + rows of SQLite whose (time, subject) is in it, in time that a part covers
    + rows of SQLite in time that no part covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

SETTLED = timedelta(hours=1)
"""How old rows are before they are published: until then counts are read again and would be written twice."""

SESSIONS_SETTLED = timedelta(hours=3)
"""The same of sessions, which are told of that much later."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One table of which the lake holds the older rows."""

    name: str
    time: str
    """The column that tells the day a row belongs to."""
    subject: str | None
    """Beside its time, what tells which rows were changed since they were published; None where only whole
    times are replaced. Each is looked up by an index of the table's."""
    order: tuple[str, ...]
    """How a part is sorted: what is asked together lies together."""
    settled: timedelta = SETTLED
    together: bool = False
    """All rows lie in one part: statements look them up by other things than their time, and each file costs."""


RESOURCES: Mapping[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource("events", "timestamp", "issue_id", ("project_id", "issue_id", "timestamp")),
        Resource("error_counts", "hour", "issue_id", ("project_id", "issue_id", "hour")),
        Resource("transaction_stats", "hour", None, ("project_id", "transaction", "hour")),
        Resource("query_stats", "hour", None, ("project_id", "query_id", "hour")),
        Resource("web_vitals", "hour", None, ("project_id", "transaction", "hour")),
        Resource("release_health", "bucket", None, ("project_id", "release", "bucket"), settled=SESSIONS_SETTLED),
        # By when we came to know them: every issue has that time, and it never changes.
        Resource("issues", "known_since", "id", ("project_id", "id"), together=True),
    )
}
"""All other tables are small and read from SQLite each time: 4 µs a row."""
