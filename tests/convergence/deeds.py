"""What can happen in the world: one deed at a time, chosen by numbers so that it can be written down and shrunk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from sentry_sync.records.delivery import Delivery
from sentry_sync.simulator.identifiers import issue_id
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.simulator.world.projects import Project
from tests.support.rig import Rig

MINUTE, HOUR, DAY = 60, 3_600, 86_400

LATENESS = (1, 40, 10 * MINUTE, 14 * MINUTE)
"""How late an event may be that the overlap of the polls still finds."""

VERY_LATE = (50 * MINUTE, 5 * HOUR, 30 * HOUR)
"""What only a comparison with the server's own counts can find."""

AUDITED = True
"""Whether the sync makes that comparison."""


@dataclass(frozen=True)
class Deed:
    """Something that happens: ``one`` and ``other`` choose whom it happens to, ``much`` how much of it."""

    name: str
    one: int = 0
    other: int = 0
    much: int = 0


class Hand:
    """Does deeds to the world of a rig. One that finds nobody to happen to does nothing."""

    def __init__(self, rig: Rig, *, polite: bool) -> None:
        self._rig = rig
        self._do = rig.sim.mutate
        self._polite = polite
        self._made = 0

    def do(self, deed: Deed) -> None:
        """Let it happen."""
        DEEDS[deed.name](self, deed)

    def _issue(self, number: int, of: Project | None = None) -> Issue | None:
        """Issues nobody is about to remove."""
        found = [
            issue
            for issue in self._rig.sim.world.issues.values()
            if not issue.stored_status.startswith("pending") and of in (None, issue.project)
        ]
        return found[number % len(found)] if found else None

    def _project(self, number: int) -> Project | None:
        found = self._rig.sim.world.projects
        return found[number % len(found)] if found else None

    def _to_issue(self, deed: Deed, act: Callable[[str], object]) -> None:
        issue = self._issue(deed.one)
        if issue is not None:
            act(issue.id)

    def event(self, deed: Deed) -> None:
        self._to_issue(deed, lambda issue: self._do.new_events(issue, count=1 + deed.much % 3))

    def late_event(self, deed: Deed) -> None:
        ages = LATENESS + VERY_LATE * AUDITED
        self._to_issue(deed, lambda issue: self._do.late_event(issue, ages[deed.much % len(ages)]))

    def new_issue(self, deed: Deed) -> None:
        project = self._project(deed.one)
        if project is not None:
            self._do.new_issues(1, project=project.slug)

    def resolve(self, deed: Deed) -> None:
        self._to_issue(deed, self._do.resolve)

    def unresolve(self, deed: Deed) -> None:
        self._to_issue(deed, self._do.unresolve)

    def ignore(self, deed: Deed) -> None:
        lengths = (None, 90, 2 * HOUR, 3 * DAY)
        self._to_issue(deed, lambda issue: self._do.ignore(issue, lengths[deed.much % 4]))

    def assign(self, deed: Deed) -> None:
        who = ("ada@acme.example", "#backend", None)
        self._to_issue(deed, lambda issue: self._do.assign(issue, who[deed.much % 3]))

    def priority(self, deed: Deed) -> None:
        levels = ("high", "medium", "low")
        self._to_issue(deed, lambda issue: self._do.set_priority(issue, levels[deed.much % 3]))

    def merge(self, deed: Deed) -> None:
        parent = self._issue(deed.one)
        child = self._issue(deed.other, parent.project) if parent else None
        if parent and child and child is not parent:
            self._do.merge(parent.id, child.id, pending_seconds=(0, 0, 40, 2 * HOUR)[deed.much % 4])

    def delete(self, deed: Deed) -> None:
        wait = (0, 0, 40, 2 * HOUR)[deed.much % 4]
        self._to_issue(deed, lambda issue: self._do.delete(issue, pending_seconds=wait))

    def rename(self, deed: Deed) -> None:
        project = self._project(deed.one)
        if project is not None:
            self._made += 1
            self._do.rename_project(project.slug, f"renamed-{self._made}")

    def delete_project(self, deed: Deed) -> None:
        """Never the last one: an organization without projects has nothing to compare."""
        project = self._project(deed.one)
        if project is not None and len(self._rig.sim.world.projects) > 1:
            self._do.delete_project(project.slug)

    def webhook(self, deed: Deed) -> None:
        """Sentry tells of an issue that is there, was, or never will be; now and then what it has told before.

        Whatever came before it may have been dealt with already, so that it comes late.
        """
        issue, told = issue_id(999 if deed.other == 9 else 1 + deed.one), deed.much % 3
        self._made += told > 0
        delivery = Delivery(
            request_id=f"request-{issue}-{self._made}",
            digest=f"digest-{issue}-{self._made * (told > 1)}",
            resource="issue",
            action="created",
            received_at=self._rig.clock.now(),
            issue_id=issue,
            event_wanted=deed.much > 5,
        )
        with self._rig.store.write() as uow:
            uow.deliveries.take([delivery])

    def release(self, deed: Deed) -> None:
        project = self._project(deed.one)
        if project is not None:
            self._made += 1
            ages = (0, 0, 5 * MINUTE, 20 * HOUR, 5 * DAY)
            self._do.new_release(project.slug, f"new@{self._made}.0.0", ages[deed.much % 5])

    def deploy(self, deed: Deed) -> None:
        now = self._rig.sim.world.clock.seconds()
        found = [release for release in self._rig.sim.world.releases.all if release.created <= now]
        release = found[deed.one % len(found)]
        if len(release.deploys) < 9:
            self._do.deploy(release.version, ("production", "staging")[deed.much % 2])


DEEDS: dict[str, Callable[[Hand, Deed], None]] = {
    "event": Hand.event,
    "late event": Hand.late_event,
    "new issue": Hand.new_issue,
    "resolve": Hand.resolve,
    "unresolve": Hand.unresolve,
    "ignore": Hand.ignore,
    "assign": Hand.assign,
    "priority": Hand.priority,
    "merge": Hand.merge,
    "delete": Hand.delete,
    "rename": Hand.rename,
    "delete project": Hand.delete_project,
    "webhook": Hand.webhook,
    "release": Hand.release,
    "deploy": Hand.deploy,
}

AGE = timedelta(seconds=1)

deeds = st.builds(Deed, st.sampled_from(sorted(DEEDS)), st.integers(0, 9), st.integers(0, 9), st.integers(0, 11))
"""Any deed."""

webhooks = st.builds(Deed, st.just("webhook"), st.integers(0, 9), st.integers(0, 9), st.integers(0, 11))
"""Any webhook."""
