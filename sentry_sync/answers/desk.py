"""What every question stands on: the store's snapshots, the clock, whose copy this is, and the way to Sentry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.answers.asking import Found, Learned, Question, View
from sentry_sync.answers.capping import DEFAULT_BYTES
from sentry_sync.answers.changes import Changes
from sentry_sync.answers.freshness import Refusal
from sentry_sync.answers.sharing import Sharing
from sentry_sync.errors import StoreMismatch
from sentry_sync.records.clock import Clock
from sentry_sync.store import lease
from sentry_sync.store.audit_trail import AuditTrail
from sentry_sync.store.lease import Lease
from sentry_sync.store.reads import knowledge
from sentry_sync.store.reads.prepared import Snapshot
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store
from sentry_sync.sync.plan import INTERVALS
from sentry_sync.sync.stream import Policy
from sentry_sync.trends.verdicts.health import Targets

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.sentry.client import SentryClient
    from sentry_sync.trends.apart import Apart

DEADLINE_SECONDS = 10.0
"""How long a question waits for Sentry in all: as long as a person looks at a spinner."""

PER_MINUTE = 100
"""The budget where nobody set one."""

PROBE_EVERY = timedelta(seconds=1)
"""How often it is looked whether a process syncs, or rests: it seldom changes, and a look
costs as much as a row."""


GIVE_UP_FOR = timedelta(seconds=15)
"""How long a server that could not be reached is not asked again: finding out takes seconds of retries, and a
question asked offline should not wait for them each time."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a process may do beside answering, as its user set it up."""

    per_minute: int | None = PER_MINUTE
    """The budget's requests a minute; None where it is lifted."""
    policy: Policy = field(default_factory=Policy)
    """How far back a sync reads."""
    allow_writes: bool = False
    """Whether issues may be changed at Sentry."""
    targets: Targets = field(default_factory=Targets)
    """What projects are held to."""


ORDINARY = Means()


class Desk:
    """Shared by all questions of a process, from any thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        client: Callable[[], SentryClient] | None,
        *,
        base_url: str | None,
        organization: str | None,
        deadline_seconds: float,
        means: Means,
    ) -> None:
        self.clock = clock
        self.client = client
        self.base_url = base_url
        self.organization = organization
        self._store = store
        self.means = means
        self._deadline_seconds = deadline_seconds
        self.sharing = Sharing(deadline_seconds)
        self._reader = Reader(store)
        self.trail = AuditTrail(store.paths.audit, clock, store.paths.key)
        self._sql: Apart | None = None
        self._probed: tuple[datetime, Lease | None] | None = None
        self._unreachable: tuple[datetime, Refusal] | None = None

    def look(
        self,
        question: Question,
        now: datetime,
        learned: Mapping[str, Learned],
        *,
        refused: bool = False,
        max_bytes: int = DEFAULT_BYTES,
        within: float | None = None,
    ) -> Found:
        """One look at the store, in a snapshot of its own, for a question asked at ``now``.

        Raises TookTooLong for one that takes longer than ``within`` seconds.
        """
        with self.moment(within) as (snapshot, origin):
            return question.look(
                View(
                    snapshot, now, origin, dict(learned), refused, max_bytes, self.means.targets, self._store.rules
                )
            )

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """A snapshot of the store, for what is no question."""
        return self._reader.snapshot()

    def changes(self) -> Changes:
        """A watcher of the store."""
        return Changes(self.store)

    def live(self) -> Live:
        """The way to Sentry for one question; raises SettingsError when the settings don't suffice."""
        from sentry_sync.answers.live import Live  # here, since a local answer must not wait for httpx

        if self.client is None:
            raise RuntimeError("nobody is to be asked")
        return Live(self.client(), self._store, self.clock, self._deadline_seconds)

    @contextmanager
    def moment(self, within: float | None = None) -> Iterator[tuple[Snapshot, tuple[str | None, str | None]]]:
        """One moment of the store, and whose it is; raises StoreMismatch for another organization's."""
        with self._reader.snapshot(within) as snapshot:
            yield snapshot, self._origin(snapshot)

    @property
    def store(self) -> Store:
        """The store that all this is about."""
        return self._store

    def check_origin(self) -> None:
        """Bring an older store up to date, and raise StoreMismatch for another organization's."""
        with self.moment():
            pass

    def unreachable(self, now: datetime) -> Refusal | None:
        """Why there is no point in asking Sentry just now."""
        if self._unreachable is None or now - self._unreachable[0] > GIVE_UP_FOR:
            return None
        return self._unreachable[1]

    def refused(self, refusal: Refusal) -> Refusal:
        """Remember a server that could not be reached."""
        if refusal.reason == "offline":
            self._unreachable = self.clock.now(), refusal
        return refusal

    def _origin(self, snapshot: Snapshot) -> tuple[str | None, str | None]:
        """Whose copy this is; raises StoreMismatch when that is not the organization that was configured."""
        held = knowledge.origin(snapshot)
        if held is None or self.organization is None:
            return held or (self.base_url, self.organization)
        base_url, organization = held
        if organization != self.organization or (self.base_url is not None and base_url != self.base_url):
            raise StoreMismatch(
                f"this store is a copy of {organization} at {base_url}, not of {self.organization} at "
                f"{self.base_url or base_url}: choose another directory with SENTRY_SYNC_STORE"
            )
        return held

    def next_sync_at(self, resource: str, as_of: datetime | None, now: datetime) -> datetime | None:
        """When the process that syncs will have looked again; None when none does."""
        holder = None if as_of is None else self._holder(now)
        if as_of is None or holder is None:
            return None
        rest = holder.resting(now)
        return max(as_of + INTERVALS[resource], rest.until if rest else now)

    def _holder(self, now: datetime) -> Lease | None:
        if self._probed is None or not timedelta() <= now - self._probed[0] < PROBE_EVERY:
            with self._reader.snapshot() as snapshot:
                self._probed = now, lease.held(lease.read_in(snapshot), now, self.store.paths)
        return self._probed[1]

    @property
    def sql(self) -> Apart:
        """Where statements run that somebody wrote."""
        if self._sql is None:
            from sentry_sync.trends.apart import Apart

            self._sql = Apart(ahead=True)
        return self._sql

    def close(self) -> None:
        """Let go of the store."""
        self.trail.close()
        self._reader.close()
        if self._sql is not None:
            self._sql.close()
