"""How a world goes on: events, issues, releases and people's decisions as the clock moves."""

from __future__ import annotations

from collections import deque
from random import Random

from sentry_sync.simulator.moments import HOUR
from sentry_sync.simulator.seeded import mix, stream

from .issues import Issue
from .people import MEMBERS
from .traffic import weight
from .world import World

# The mean of `weight` over a week: half the peak by day and night, less at the weekend.
_MEAN_WEIGHT = 0.55 * (5 + 2 * 0.55) / 7
# Among how many of the latest events the next one looks for its issue: what happens, happens again.
_RECENT = 2_000


class Arrivals:
    """The future, made hour by hour from the seed and let in as its moments come."""

    def __init__(self, world: World, per_day: int | None = None) -> None:
        self._world = world
        self._per_day = world.size.events_per_day if per_day is None else per_day
        self._hour = world.began - world.began % HOUR
        self._pending: deque[tuple[int, int]] = deque()

    def catch_up(self) -> None:
        """Let in everything that has happened by now."""
        now = self._world.clock.seconds()
        while True:
            while self._pending and self._pending[0][0] <= now:
                moment, draw = self._pending.popleft()
                self._happen(moment, draw)
            if self._hour > now:
                break
            self._make_hour(self._hour)
            self._hour += HOUR

    def _make_hour(self, hour: int) -> None:
        world = self._world
        for project in world.projects:
            while world.releases.due(project, hour) is not None:
                world.version += 1
        random = stream(world.seed, "arrivals", hour)
        expected = self._per_day / 24 * weight(hour) / _MEAN_WEIGHT
        count = max(0, round(random.gauss(expected, expected**0.5)))
        moments = sorted(hour + random.randrange(HOUR) for _ in range(count))
        self._pending.extend((moment, random.getrandbits(64)) for moment in moments if moment > world.began)
        if hour >= world.began and random.random() < 0.15:
            self._decide(random, hour)

    def _happen(self, moment: int, draw: int) -> None:
        world = self._world
        chance = draw % 1_000
        if chance < 20 or not world.index.order:
            project = world.projects[(draw >> 10) % len(world.projects)]
            issue = world.make_issue(project)
        elif chance < 60:
            numbers = list(world.by_number)
            issue = world.by_number[numbers[(draw >> 10) % len(numbers)]]
        else:
            order = world.index.order
            event = order[-1 - (draw >> 10) % min(len(order), _RECENT)]
            issue = world.by_number[world.index.issue[event]]
        if issue.stored_status.startswith("pending"):
            return
        world.record(issue, world.draw_event(issue, moment, mix(draw, moment)))

    def _decide(self, random: Random, at: int) -> None:
        """Somebody resolves or archives an issue."""
        open_issues = [issue for issue in self._world.issues.values() if issue.status == "unresolved"]
        if not open_issues:
            return
        issue: Issue = random.choice(open_issues)
        member = random.choice(MEMBERS)
        user = {"id": member.user_id, "name": member.name, "email": member.email}
        if random.random() < 0.75:
            issue.resolve(at, user)
        else:
            issue.ignore(at, user)
        self._world.version += 1
