"""The past of a world: which issues were born when, how often they happened, what became of them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from random import Random

from sentry_sync.simulator.moments import DAY, HOUR
from sentry_sync.simulator.seeded import skewed, stream

from .event_index import Happening
from .hostile import ATTACKS
from .issues import Issue
from .people import MEMBERS, TEAMS, assignee
from .projects import Project
from .releases import Release
from .traffic import Calendar
from .world import World


@dataclass(slots=True)
class Birth:
    """An issue to be: when and where it starts, until when it happens, how heavy it is."""

    at: int
    until: int
    project: Project
    weight: float
    bad: Release | None = None


def populate(world: World) -> None:
    """Fill an empty world with its past, from its seed alone."""
    random = stream(world.seed, "history")
    births = sorted(_births(world, random), key=lambda birth: birth.at)
    spare = max(world.size.events_per_day * world.size.days - len(births), 0)
    total = sum(birth.weight for birth in births)
    calendars = {project.number: _calendar(world, project) for project in world.projects}
    attacks, past, debt = list(ATTACKS), list[Happening](), 0.0
    for position, birth in enumerate(births):
        hostile = attacks[position // 25 % len(attacks)] if position % 25 == 7 else None
        issue = world.make_issue(birth.project, hostile=hostile)
        debt += birth.weight / total * spare
        count = int(debt)
        debt -= count
        moments = calendars[birth.project.number].draw(random, birth.at, birth.until, count)
        past += _events(world, random, issue, birth, [birth.at, *moments])
        _fate(world, random, issue, birth)
    past.sort()
    world.index.load(past)
    _distribute(world)


def _births(world: World, random: Random) -> list[Birth]:
    projects = _project_of_each(world, random)
    weights = skewed(random, len(projects))
    births = []
    for project, weight in zip(projects, weights, strict=True):
        # Where releases are labelled, only they may bring heavy issues.
        old = random.random() < 0.45 or (world.size.flawed and weight > 0.02)
        at = world.start + random.randrange(min(DAY, world.began - world.start)) if old else 0
        at = at or random.randrange(world.start, world.began)
        shape = random.random()
        if shape < 0.6:
            until = world.began - random.randrange(6 * HOUR)
        elif shape < 0.8:
            until = at + random.randrange(HOUR, 2 * DAY)
        else:
            until = at + int((world.began - at) * random.random())
        births.append(Birth(at, max(at, min(until, world.began)), project, weight))
    if world.size.flawed:
        return births + _flawed(world, stream(world.seed, "flawed births"), births)
    _break(world, random, births)
    return births


def _calendar(world: World, project: Project) -> Calendar:
    traffic = (lambda hour: world.releases.flaw_at(project, hour).traffic) if world.size.flawed else None
    return Calendar(world.start, world.began, world.incident, project.number, traffic)


def _flawed(world: World, random: Random, births: list[Birth]) -> list[Birth]:
    """The issues that flaws bring: as heavy as it takes to multiply their project's errors while they last."""
    found = []
    for release in world.releases.all:
        project, flaw = release.projects[0], release.flaw
        usual = sum(birth.weight for birth in births if birth.project is project) / max(
            world.began - world.start, 1
        )
        until = min(world.releases.followed(release, project) or world.began, world.began)
        if flaw.errors > 1:
            parts = random.randrange(1, 4)
            for _ in range(parts):
                at = min(release.created + random.randrange(60, HOUR), until)
                weight = (flaw.errors - 1) * usual * (until - at) / parts
                found.append(Birth(at, until, project, weight, release))
        if flaw.burst:
            at = release.created + random.randrange(max((until - release.created) // 2, 1))
            length = random.randrange(1, 3) * HOUR
            found.append(Birth(at, at + length, project, flaw.burst * usual * length))
    return found


def _project_of_each(world: World, random: Random) -> list[Project]:
    """A project for every issue; every project gets one as long as there are enough."""
    shares = [1.0 / (1 + project.number * 0.35) for project in world.projects]
    rest = max(world.size.issues - len(world.projects), 0)
    return (world.projects + random.choices(world.projects, shares, k=rest))[: world.size.issues]


def _break(world: World, random: Random, births: list[Birth]) -> None:
    """Make some of the project's issues begin with the bad release, and happen often until the next."""
    bad = world.bad_release()
    if bad is None:
        return
    timeline = world.releases.current_list(bad.projects[0])
    following = timeline[timeline.index(bad) + 1].created + 6 * HOUR
    mine = [birth for birth in births if birth.project is bad.projects[0]]
    heavy = sorted((birth.weight for birth in births), reverse=True)
    count = max(2, len(mine) // 12)
    for rank, birth in enumerate(random.sample(mine, min(count, len(mine)))):
        birth.at = min(bad.created + random.randrange(60, 2 * HOUR), world.began)
        birth.until = max(min(following, world.began), birth.at)
        birth.weight = heavy[min(rank + 3, len(heavy) - 1)]
        birth.bad = bad


def _events(world: World, random: Random, issue: Issue, birth: Birth, moments: list[int]) -> list[Happening]:
    drawn = [world.draw_event(issue, moment, random.getrandbits(64)) for moment in moments]
    if birth.bad is not None:
        number = birth.bad.number
        if world.size.flawed:  # of those who have the release, not of all
            drawn = [happening for happening in drawn if happening.release == number] or drawn[:1]
        drawn = [happening._replace(release=number) for happening in drawn]
    return drawn


def _fate(world: World, random: Random, issue: Issue, birth: Birth) -> None:
    """What people did with the issue after its last event."""
    issue.note("first_seen", birth.at)
    actor = random.choice(MEMBERS)
    user = {"id": actor.user_id, "name": actor.name, "email": actor.email}
    if random.random() < 0.3:
        who = random.choice([f"user:{actor.user_id}", f"team:{random.choice(TEAMS).id}"])
        issue.assigned_to = assignee(who)
        issue.note("assigned", min(birth.at + 900, world.began), user, assignee=who)
    if random.random() < 0.08:
        issue.priority = random.choice(["high", "medium", "low"])
        issue.priority_locked_at = min(birth.at + 1_200, world.began)
    later = min(birth.until + random.randrange(60, DAY), world.began)
    draw = random.random()
    if birth.bad is not None:
        issue.stored_substatus = "escalating"
    elif draw < 0.2:
        issue.resolve(later, user)
    elif draw < 0.34:
        issue.ignore(later, user, until=world.began + random.randrange(DAY, 9 * DAY) if draw < 0.24 else None)
    elif draw < 0.4:
        issue.note("set_resolved", birth.at + 1, user)
        issue.stored_substatus, issue.inbox_since = "regressed", birth.until
    elif world.began - birth.at < 7 * DAY:
        issue.stored_substatus, issue.inbox_since = "new", birth.at


def _distribute(world: World) -> None:
    """Give every issue the list of its events."""
    by_issue: dict[int, array[int]] = {number: issue.events for number, issue in world.by_number.items()}
    for number, issue in enumerate(world.index.issue):
        by_issue[issue].append(number)
    for found in world.issues.values():
        found.kept_first_seen = found.first_second
        found.changed()
        world.watch(found)
