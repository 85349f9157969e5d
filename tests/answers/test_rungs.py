"""Every answer names the way its rows were read, and what of them Sentry no longer serves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.records.audit import Retention
from sentry_sync.records.intervals import Interval
from tests.answers.desk import Asking, ago
from tests.support.rig import START
from tests.support.rows import event, issue


def rung(answer: dict[str, Any]) -> object:
    return answer["freshness"]["rung"]


def rungs(asking: Asking, answers: Any) -> dict[str, object]:
    some = next(iter(asking.rig.sim.world.issues))
    return {
        "projects": rung(answers.get_projects()),
        "issues": rung(answers.get_issues(asking.slug)),
        "events": rung(answers.get_events(some)),
        "performance": rung(answers.get_performance(asking.slug)),
        "releases": rung(answers.get_releases(asking.slug)),
        "health": rung(answers.get_releases(asking.slug, health_data=True)),
    }


ON_SENTRY = {
    "projects": "projects",
    "issues": "issues",
    "events": "explore",
    "performance": "spans",
    "releases": "releases",
    "health": "releases, sessions",
}


def test_after_a_sync_every_answer_names_its_rung(asking: Asking) -> None:
    assert asking.rig.sync().ok
    assert rungs(asking, asking.offline) == ON_SENTRY


def test_live_answers_name_theirs_and_unknown_ones_none(asking: Asking) -> None:
    assert set(rungs(asking, asking.offline).values()) == {None}
    asked = rungs(asking, asking.online)
    assert asked == {**ON_SENTRY, "events": "issue_events"}


def test_glitchtip_stands_on_other_rungs(tmp_path: Path) -> None:
    asking = Asking(tmp_path, profile="glitchtip")
    assert asking.rig.sync().ok
    found = rungs(asking, asking.offline)
    assert (found["issues"], found["performance"]) == ("issues_by_last_seen", None)
    assert found["events"] in {"project_events", "issue_events"}
    some = max(asking.rig.sim.world.issues.values(), key=lambda issue: issue.last_seen)
    notes = " ".join(asking.offline.get_events(some.id)["freshness"]["notes"])
    assert "events that reached it late may be missing" in notes
    asking.close()


@pytest.mark.parametrize(("since", "said"), [(6, True), (8, False)])
def test_events_that_sentry_no_longer_lists_are_said_to_be_held_here_only(
    asking: Asking, since: int, said: bool
) -> None:
    asking.fill(
        [issue(first_seen=ago(days=9), last_seen=ago(hours=1)), event(1, ago(days=7)), event(2, ago(hours=1))]
    )

    def action(uow: Any) -> None:
        uow.upsert([Retention("events", ago(days=since), START)])
        uow.mark("events", "", START, START)
        uow.cover("events", "", Interval(START - timedelta(days=10), START), source="explore")

    asking.write(action)
    notes = " ".join(asking.offline.get_events("17")["freshness"]["notes"])
    assert ("held here only: Sentry no longer lists them" in notes) == said
