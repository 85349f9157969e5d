"""What a user is told in the end: each answer says that it is complete and not stale, and is what the world shows."""

from __future__ import annotations

from contextlib import closing

from sentry_sync.answers.context import Answers
from sentry_sync.simulator.world.issues import Issue
from tests.support.rig import Rig

NEWEST = 3


def wrong_answers(rig: Rig) -> list[str]:
    """Where answers from the store alone differ from the world, or don't dare to say that they are complete."""
    found: list[str] = []
    kept_since = rig.sim.now().timestamp() - rig.sim.options.retention_days * 86_400
    with closing(Answers(rig.store, rig.clock, None, base_url="http://127.0.0.1", organization="acme")) as answers:
        for project in rig.sim.world.projects:
            mine = [issue for issue in rig.sim.world.issues.values() if issue.project is project]
            seen = [
                issue for issue in mine if rig.sim.world.index.timestamp[issue.events[-1]] > kept_since + 3_600
            ]
            answer = answers.get_issues(project.slug, limit=100)
            found += _doubtful(f"issues of {project.slug}", answer["freshness"])
            told = {row["id"]: (row["status"], row["frequency"]["events"]) for row in answer["issues"]}
            if missing := {issue.id for issue in seen} - told.keys():
                found.append(f"issues of {project.slug}: the answer lacks {sorted(missing)}")
            if ghosts := told.keys() - {issue.id for issue in mine}:
                found.append(f"issues of {project.slug}: the answer has {sorted(ghosts)}, which are not there")
            for issue in seen:
                answer = answers.get_events(issue.id, limit=NEWEST)
                if answer["freshness"]["complete"]:
                    found += _other_events(rig, issue, [row["id"] for row in answer["events"]])
    return found


def _doubtful(what: str, freshness: dict[str, object]) -> list[str]:
    if freshness["complete"] and not freshness["stale"]:
        return []
    return [f"{what}: the answer calls itself incomplete or stale, {freshness}"]


def _newest(rig: Rig, issue: Issue) -> list[str]:
    times = rig.sim.world.index.timestamp
    events = sorted(issue.events, key=lambda event: -times[event])[:NEWEST]
    return [rig.sim.world.event_id(event) for event in events]


def _other_events(rig: Rig, issue: Issue, told: list[str]) -> list[str]:
    """Events of one second come in any order, so only their times must agree."""
    times = {rig.sim.world.event_id(event): rig.sim.world.index.timestamp[event] for event in issue.events}
    true = [times[event] for event in _newest(rig, issue)]
    if [times.get(event) for event in told] == true:
        return []
    return [f"events of {issue.id}: the answer has {told}, the newest are {_newest(rig, issue)}"]
