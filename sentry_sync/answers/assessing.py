"""assess-release: did a release make things worse, by how much, how surely, and what would change the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sentry_sync.answers import release_records
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.assessment import shown_case
from sentry_sync.answers.counted import FROM_EVENTS, no_counts, read
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.judging import AssessmentQuestion
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.release_evidence import Case, case
from sentry_sync.answers.release_records import Records
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.sync.plan import stale_after
from sentry_sync.trends.verdicts.release import assess

EMPTY: dict[str, Any] = {"project": None, "verdict": None, "release": None, "baseline": None}


def assessed(question: AssessmentQuestion, view: View) -> Found:
    """The verdict as far as the store knows."""
    project = locate(view, question.project)
    if project is None:
        return not_located(view, question.resource, EMPTY)
    return _Look(question, view, project).found()


class _Look:
    """One look at one release."""

    def __init__(self, question: AssessmentQuestion, view: View, project: Project) -> None:
        self.question, self.view, self.project = question, view, project
        parts = ("release_health", "transactions")
        self.known: Knowledge = read(view.snapshot, ("releases", *parts), parts, project.id)
        versions = [version for version in (question.version, question.baseline) if version]
        self.records: Records = release_records.read(view, self.known, project, question.environment, versions)

    def found(self) -> Found:
        candidate = self.records.span(self.question.version)
        if candidate is None:
            return self._unknown("release", self.question.version)
        wanted = self.records.span(self.question.baseline) if self.question.baseline else None
        if self.question.baseline and wanted is None:
            return self._unknown("baseline", self.question.baseline)
        if wanted is not None and wanted.version == candidate.version:
            raise QuestionError("baseline is the release itself: name another one, or none for the one before")
        found = case(self.records, candidate, wanted)
        verdict = assess(found.evidence)
        rows = {"project": self.project.shown(), **shown_case(self.records, candidate, found, verdict)}
        miss = None if self.records.known.hours else Miss.NEVER_SYNCED
        return Found(rows, self._facts(found), miss, refusal=no_counts(self.known) if miss else None)

    def _unknown(self, name: str, version: str) -> Found:
        """No such release: it is looked for at Sentry, once."""
        synced = self.known.as_of("releases")
        learned = self.view.learned.get(name)
        notes = (*self.project.notes, *warnings(self.known, self.view), *self.view.notes("release", "baseline"))
        facts = Facts(
            as_of=learned.at if learned else synced,
            complete=learned is not None and learned.complete,
            stale_after=stale_after("releases"),
            source="live" if learned else "local",
            notes=(*notes, f"there is nothing to judge: the {name} is not known") if learned else notes,
        )
        rows = {**EMPTY, "project": self.project.shown()}
        if learned:
            return Found(rows, facts)
        from sentry_sync.answers.fetching import releases as fetching

        project = self.project
        step = Step(name, lambda live: fetching.find_release(live, project, version))
        return Found(rows, facts, Miss.UNKNOWN_ID if synced else Miss.NEVER_SYNCED, step)

    def _facts(self, found: Case) -> Facts:
        by_session = found.evidence.unit == "session"
        sessions = [self.known.as_of("release_health")] if by_session else []
        times = [self.records.counted.as_of, *sessions]
        learned = self.view.learned.keys() & {"release", "baseline"}
        return Facts(
            as_of=_oldest(times),
            complete=found.hours_known == found.hours and None not in times,
            stale_after=stale_after("releases"),
            coverage=found.window,
            source="mixed" if learned else "local",
            rung=self.records.counted.rung,
            notes=tuple(self._notes(found)),
        )

    def _notes(self, found: Case) -> Iterator[str]:
        yield from self.project.notes
        yield from warnings(self.known, self.view)
        yield from self.view.notes("release", "baseline")
        if found.hours_known < found.hours:
            yield f"errors are known for {found.hours_known} of the {found.hours} hours since the release began"
        if found.evidence.unit != "session":
            yield _UNITS[found.evidence.unit]
        if self.records.counted.table == "events":
            yield FROM_EVENTS
        if self._sampled(found.window):
            yield "some counts are extrapolated: the server sampled"

    def _sampled(self, window: Interval | None) -> bool:
        parts = [*self.records.counted.parts, *self.known.covered("release_health")]
        return any(part.approximate and (window is None or part.interval.end > window.start) for part in parts)


_UNITS = {
    "transaction": "no sessions are known, so errors are held against transactions, and of the whole project: "
    "neither tells releases apart that run at the same time",
    "hour": "neither sessions nor transactions are known, so errors are told by the hour, of the whole project: "
    "more traffic looks like more errors",
}


def _oldest(times: list[datetime | None]) -> datetime | None:
    known = [time for time in times if time is not None]
    return min(known) if len(known) == len(times) else None
