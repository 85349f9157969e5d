"""Which issues a search finds, with the events it counts for each: Sentry's executor, without its haste."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from sentry_sync.simulator import search
from sentry_sync.simulator.moments import DAY
from sentry_sync.simulator.search import Search, SearchError, Term
from sentry_sync.simulator.world import event_tags
from sentry_sync.simulator.world.event_index import Span
from sentry_sync.simulator.world.issues import Issue, users
from sentry_sync.simulator.world.people import MEMBERS, assignee
from sentry_sync.simulator.world.world import World

STATUSES = {
    "unresolved": "unresolved", "resolved": "resolved", "ignored": "ignored", "archived": "ignored",
    "muted": "ignored", "reprocessing": "reprocessing",
}  # fmt: skip
SUBSTATUSES = (
    "new", "ongoing", "escalating", "regressed",
    "archived_until_escalating", "archived_until_condition_met", "archived_forever",
)  # fmt: skip
_OTHER_IS = ("assigned", "unassigned", "for_review", "linked", "unlinked")
FOR_REVIEW = 7 * DAY
"""An issue leaves the inbox after a week."""


@dataclass(frozen=True, slots=True)
class Match:
    """A found issue: its events in the asked window and environments, and those the query's tags fit."""

    issue: Issue
    events: array[int]
    filtered: array[int]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a search looks: projects, environments (None for all), window."""

    projects: frozenset[int]
    environments: frozenset[int] | None
    span: Span


Judge = Callable[[World, Match, Term], bool]


def statuses(parsed: Search) -> set[str]:
    """The statuses the query asks for positively; rows whose shown status is another are dropped late."""
    return {
        STATUSES[value]
        for term in parsed.of("is")
        for value in term.values
        if value in STATUSES and not term.negated
    }


def find(world: World, parsed: Search, scope: Scope) -> list[Match]:
    """The issues with events in the scope that the query fits; SearchError for a query Sentry refuses."""
    first = [term for term in parsed.terms if term.key in _PLAIN]
    second = [term for term in parsed.terms if term.key in _COUNTED]
    third = [term for term in parsed.terms if term.key not in _PLAIN and term.key not in _COUNTED]
    for term in parsed.of("is"):
        _check_is(term)
    words = parsed.text.lower()
    found = []
    oldest, newest = world.index.oldest(), world.index.newest()
    everything = oldest is None or newest is None or (scope.span.start <= oldest and newest < scope.span.end)
    for issue in world.issues.values():
        if issue.project.number not in scope.projects or (words and not _says(issue, words)):
            continue
        match = Match(issue, issue.events, issue.events)
        if not all(_PLAIN[term.key](world, match, term) for term in first):
            continue
        events = _counted(world, issue, scope, everything=everything)
        if not events:
            continue
        filtered = _filter(world, events, third) if third else events
        match = Match(issue, events, filtered)
        if filtered and all(_COUNTED[term.key](world, match, term) for term in second):
            found.append(match)
    return found


def _says(issue: Issue, words: str) -> bool:
    wanted = words.replace("*", "")
    return wanted in issue.kind.title.lower() or wanted in issue.kind.value.lower()


def _counted(world: World, issue: Issue, scope: Scope, *, everything: bool) -> array[int]:
    events = issue.events if everything else world.index.within(issue.events, scope.span)
    return in_environments(world, events, scope.environments)


def in_environments(world: World, events: array[int], environments: frozenset[int] | None) -> array[int]:
    """Those of the events that happened in one of the environments."""
    if environments is None:
        return events
    column = world.index.environment
    return array("i", (event for event in events if column[event] in environments))


def _filter(world: World, events: array[int], terms: list[Term]) -> array[int]:
    return array("i", (event for event in events if all(event_fits(world, event, term) for term in terms)))


def event_fits(world: World, event: int, term: Term) -> bool:
    """Whether one event satisfies an event-level term (a field, a tag, `has:`)."""
    if term.key == "has":
        return any(event_tags.field(world, event, key) is not None for key in term.values) != term.negated
    if term.key in ("timestamp", "event.timestamp"):
        return search.dates(term, world.index.timestamp[event], world.clock.seconds())
    actual = event_tags.field(world, event, term.key)
    if term.key in ("error.handled", "error.unhandled"):
        values = tuple({"true": "1", "false": "0"}.get(value, value) for value in term.values)
        return search.fits(Term(term.key, "=", values, term.negated), actual)
    if "latest" in term.values and term.key == "release":
        return _is_latest(world, event) != term.negated
    return search.fits(term, actual)


def _is_latest(world: World, event: int) -> bool:
    project = world.by_number[world.index.issue[event]].project
    current = world.releases.current_list(project)
    return bool(current) and current[-1].number == world.index.release[event]


# -- conditions on the issue itself, before its events are looked at -------------------------


def _check_is(term: Term) -> None:
    for value in term.values:
        if value not in STATUSES and value not in SUBSTATUSES and value not in _OTHER_IS:
            valid = sorted({*STATUSES, *SUBSTATUSES, *_OTHER_IS})
            raise SearchError(
                f'Error parsing search query: Invalid value for "is" search, valid values are {valid}'
            )


def _is(world: World, match: Match, term: Term) -> bool:
    return any(_is_one(world, match.issue, value) for value in term.values) != term.negated


def _is_one(world: World, issue: Issue, value: str) -> bool:
    if value in STATUSES:
        return issue.stored_status == STATUSES[value]
    if value in SUBSTATUSES:
        return issue.substatus == value
    if value == "assigned":
        return issue.assigned_to is not None
    if value == "unassigned":
        return issue.assigned_to is None
    if value == "for_review":
        since = issue.inbox_since
        return since is not None and world.clock.seconds() - since <= FOR_REVIEW
    return value == "unlinked"


def _assigned(_world: World, match: Match, term: Term) -> bool:
    return any(_assigned_to(match.issue, value) for value in term.values) != term.negated


def _assigned_to(issue: Issue, value: str) -> bool:
    try:
        wanted = assignee(MEMBERS[0].email if value == "me" else value)
    except ValueError:
        return False
    return issue.assigned_to == wanted


def _text(read: Callable[[World, Issue], str | None]) -> Judge:
    return lambda world, match, term: search.fits(term, read(world, match.issue))


def _release(world: World, issue: Issue) -> str | None:
    number = issue.first_release
    return world.releases.all[number].version if number >= 0 else None


def _first_release(world: World, match: Match, term: Term) -> bool:
    if "latest" in term.values:
        current = world.releases.current_list(match.issue.project)
        return (bool(current) and current[-1].number == match.issue.first_release) != term.negated
    return search.fits(term, _release(world, match.issue))


def _first_seen(world: World, match: Match, term: Term) -> bool:
    return search.dates(term, match.issue.first_second, world.clock.seconds())


def _last_seen(world: World, match: Match, term: Term) -> bool:
    return search.dates(term, world.index.timestamp[match.filtered[-1]], world.clock.seconds())


def _times_seen(_world: World, match: Match, term: Term) -> bool:
    return search.compares(term, len(match.filtered))


def _users_seen(world: World, match: Match, term: Term) -> bool:
    return search.compares(term, users(world.index, match.filtered))


_PLAIN: dict[str, Judge] = {
    "is": _is,
    "assigned": _assigned,
    "assigned_or_suggested": _assigned,
    "bookmarks": lambda _world, _match, term: term.negated,
    "firstRelease": _first_release,
    "firstSeen": _first_seen,
    "age": _first_seen,
    "level": _text(lambda _, issue: issue.level),
    "platform.name": _text(lambda _, issue: issue.project.event_platform),
    "project": _text(lambda _, issue: issue.project.slug),
    "project.name": _text(lambda _, issue: issue.project.slug),
    "project.id": _text(lambda _, issue: issue.project.id),
    "issue": _text(lambda _, issue: issue.short_id),
    "issue.id": _text(lambda _, issue: issue.id),
    "issue.priority": _text(lambda _, issue: issue.priority),
    "issue.category": _text(lambda _, _issue: "error"),
    "issue.type": _text(lambda _, _issue: "error"),
}
_COUNTED: dict[str, Judge] = {
    "lastSeen": _last_seen,
    "timesSeen": _times_seen,
    "users_seen": _users_seen,
}
