"""Releases that are no longer among the newest: what changes of them, and which are gone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sentry_sync.simulator.world.releases import Release
from sentry_sync.store import tables
from tests.support.rig import Rig

HOUR = 3_600
FAR = 10**10


def rows(rig: Rig) -> dict[str, Any]:
    return {row.version: row for row in rig.rows(tables.releases)}


def oldest(rig: Rig) -> Release:
    return min(rig.sim.world.releases.all, key=lambda release: release.created)


def withdraw(rig: Rig, release: Release) -> None:
    """Somebody deletes the release: neither the list nor its own address shows it."""
    release.created += FAR
    rig.sim.world.version += 1


def sweep(rig: Rig) -> None:
    rig.advance(6 * HOUR)
    assert rig.sync("releases").ok


def test_an_old_release_that_is_deleted_is_marked_and_comes_back_when_seen_again(rig: Rig) -> None:
    rig.sync("releases")
    gone = oldest(rig)
    withdraw(rig, gone)
    sweep(rig)
    assert {v for v, row in rows(rig).items() if row.removed_at} == {gone.version}
    gone.created -= FAR
    rig.sim.world.version += 1
    sweep(rig)
    assert not any(row.removed_at for row in rows(rig).values())


def test_a_release_that_a_list_leaves_out_but_its_address_shows_is_not_removed(rig: Rig) -> None:
    rig.sync("releases")
    hidden = oldest(rig).version.encode()
    rig.after = lambda body: body if body[:1] != b"[" else without(body, hidden)
    sweep(rig)
    assert not any(row.removed_at for row in rows(rig).values())
    assert rig.rows(select(tables.marks).where(tables.marks.c.stream == "releases.confirm"))


def without(body: bytes, version: bytes) -> bytes:
    import orjson

    return orjson.dumps([row for row in orjson.loads(body) if row.get("version") != version.decode()])


def test_an_archived_release_stays_and_says_so(rig: Rig) -> None:
    rig.sync("releases")
    archived = oldest(rig)
    archived.status = "archived"
    rig.sim.world.version += 1
    sweep(rig)
    row = rows(rig)[archived.version]
    assert (row.status, row.removed_at) == ("archived", None)


def test_an_old_releases_commits_and_projects_are_true_after_a_sweep(rig: Rig) -> None:
    rig.sync("releases")
    changed = oldest(rig)
    changed.commits += 7
    [left] = changed.projects
    changed.projects = [next(p for p in rig.sim.world.projects if p is not left)]
    rig.sim.world.version += 1
    rig.sync("releases")
    sweep(rig)
    assert rows(rig)[changed.version].commit_count == changed.commits
    of = [row.project_id for row in rig.rows(tables.release_projects) if row.version == changed.version]
    assert of == [project.id for project in changed.projects]


def test_deploys_are_read_once_and_again_only_after_a_new_one(rig: Rig) -> None:
    for _ in range(6):
        rig.sync("releases")
        rig.advance(60)
    rig.sim.requests.clear()
    sweep(rig)
    assert rig.asked("/deploys/") == 0
    deployed = max(rig.sim.world.releases.all, key=lambda release: release.created)
    now = int(rig.sim.now().timestamp())
    deployed.deploys += [("canary", now - 20), ("beta", now - 10)]
    rig.sim.world.version += 1
    rig.sync("releases")
    assert rig.asked("/deploys/") == 1
    held = {row.environment for row in rig.rows(tables.deploys) if row.version == deployed.version}
    assert {"canary", "beta"} <= held


def test_deploys_of_a_release_that_was_just_deleted_do_not_stop_the_others(rig: Rig) -> None:
    rig.sync("releases")
    for release in rig.sim.world.releases.all:
        if release.deploys:
            release.deploys.append(("canary", int(rig.sim.now().timestamp()) - 10))
    rig.sim.world.version += 1
    newest = max(rig.sim.world.releases.all, key=lambda release: release.created)
    rig.before = lambda request: (
        withdraw(rig, newest) if "/deploys/" in request.url.path and newest.created < FAR else None
    )
    rig.advance(6 * HOUR)
    assert rig.sync("releases").ok


def test_a_release_whose_deploys_were_not_found_once_is_asked_for_them_again(rig: Rig) -> None:
    rig.sim.faults.add("/deploys/", "status", status=404)
    assert rig.sync("releases").ok
    for _ in range(3):  # a few releases a run
        rig.advance(900)
        assert rig.sync("releases").ok
    held = {(row.version, row.environment) for row in rig.rows(tables.deploys)}
    now = int(rig.sim.now().timestamp())
    assert held == {
        (release.version, environment)
        for release in rig.sim.world.releases.all
        for environment, finished in release.deploys
        if finished <= now
    }
