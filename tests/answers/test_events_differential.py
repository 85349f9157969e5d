"""Random filters on random issues and projects against the simulated world's own index.

An answer that calls itself complete holds the same events in the same order as the world; any other says why it
is not. The store first answers what it can, then Sentry is asked for the rest.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.simulator import WorldSize
from sentry_sync.simulator.world import event_tags
from tests.answers.desk import NOW, Asking

QUESTIONS = 60
SIZE = WorldSize(projects=3, issues=60, events_per_day=600, releases=4, days=4)

FIELDS = ("environment", "release", "user")
TAGS = ("browser", "os.name", "level", "server_name", "handled", "customer_note")


@pytest.fixture(scope="module", params=["saas", "glitchtip"])
def asking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("differential"), size=SIZE, profile=request.param)
    asking.rig.sync()
    yield asking
    asking.close()


@dataclass(frozen=True)
class Happened:
    """An event of the world."""

    id: str
    at: datetime
    issue: str
    project: str
    tags: dict[str, str]

    def fits(self, question: dict[str, Any]) -> bool:
        """Whether a question is about it."""
        if self.issue != question.get("issue_id", self.issue) or self.project != question.get(
            "project", self.project
        ):
            return False
        since, until = question.get("since"), question.get("until")
        if (since and self.at < datetime.fromisoformat(since)) or (
            until and self.at >= datetime.fromisoformat(until)
        ):
            return False
        wanted = [f"{name}:{question[name]}" for name in FIELDS if name in question] + question.get("tag", [])
        return all(self.tags.get(tag.partition(":")[0]) == tag.partition(":")[2] for tag in wanted)


@pytest.fixture(scope="module")
def happened(asking: Asking) -> list[Happened]:
    """All there was, in the order of answers."""
    world = asking.rig.sim.world
    found = []
    for event in world.index.order:
        issue, at = (
            world.by_number[world.index.issue[event]],
            datetime.fromtimestamp(world.index.timestamp[event], UTC),
        )
        tags = event_tags.tags(world, event)
        found.append(Happened(world.event_id(event), at, issue.id, issue.project.slug, tags))
    return sorted(found, key=lambda one: (NOW - one.at, one.id))


def questions(asking: Asking) -> Iterator[dict[str, Any]]:
    draw = random.Random(11)
    world = asking.rig.sim.world
    issues = [issue for issue in world.issues.values() if issue.events]
    for _ in range(QUESTIONS):
        issue = draw.choice(issues)
        tags = event_tags.tags(world, draw.choice(issue.events))
        found: dict[str, Any] = {"issue_id": issue.id}
        if draw.random() < 0.3:
            found = {"project": issue.project.slug}
        for name in FIELDS:
            if name in tags and draw.random() < 0.3:
                found[name] = tags[name]
        if draw.random() < 0.4:
            found["tag"] = [f"{name}:{tags[name]}" for name in draw.sample(TAGS, 2) if name in tags]
        if draw.random() < 0.4:
            found["since"] = (NOW - timedelta(hours=draw.randrange(1, 80))).isoformat()
        if draw.random() < 0.2:
            found["until"] = (NOW - timedelta(minutes=draw.randrange(1, 59))).isoformat()
        yield found


def everything(answers: Answers, question: dict[str, Any], limit: int) -> tuple[list[str], list[dict[str, Any]]]:
    """The ids of all pages together, and each page's freshness."""
    ids: list[str] = []
    told: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = answers.get_events(**question, limit=limit, cursor=cursor)
        ids += [row["id"] for row in page["events"]]
        told.append(page["freshness"])
        cursor = page["next_cursor"]
        if cursor is None or len(ids) > 5000:
            return ids, told


def declared(told: dict[str, Any], question: dict[str, Any], *, online: bool) -> bool:
    """Whether an answer says why it is not complete, and with good reason."""
    if any(not tag.isprintable() for tag in question.get("tag", ())):
        return bool(told["could_not_fall_through_because"] == "not_supported")
    if not online:
        return bool(told["could_not_fall_through_because"] == "offline")
    # Without Explore a project's events are read from the newest on, and looked through here: sixty pages a minute.
    if told["could_not_fall_through_because"] == "over_budget":
        return bool(told["rung"] == "project_events")
    return told["rung"] == "project_events" and "were looked through, and there are more" in told["notes"][-1]


@pytest.mark.timeout(60)
def test_an_answer_holds_the_worlds_events_in_their_order_or_says_why_not(
    asking: Asking, happened: list[Happened]
) -> None:
    draw = random.Random(5)
    sources: Counter[str] = Counter()
    for question in questions(asking):
        limit = draw.choice((10, 40, 100))
        wanted = [one.id for one in happened if one.fits(question)]
        for answers in (asking.offline, asking.online):
            ids, told = everything(answers, question, limit)
            short = next((page for page in told if not page["complete"]), None)
            if short is None:
                assert ids == wanted, question
                sources[told[0]["source"]] += 1
            else:
                assert declared(short, question, online=answers is asking.online), (question, short)
                assert set(ids) <= set(wanted), question
    assert sources["local"] >= QUESTIONS // 3
    assert sources["live"] >= QUESTIONS // 10
