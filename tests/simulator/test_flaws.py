"""Releases that are labelled bad are so, and those that only seem to be are not."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean

import pytest

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.simulator.world import performance, sessions
from sentry_sync.simulator.world.flaws import SOUND
from sentry_sync.simulator.world.releases import Release
from sentry_sync.simulator.world.world import World
from tests.support.rig import START

HOUR = 3_600
SIZE = WorldSize(projects=5, issues=60, events_per_day=600, releases=24, days=28, flawed=True)


@pytest.fixture(scope="module")
def world() -> World:
    return Simulator(SimulatorOptions(seed=11, size=SIZE, static=True, frozen=True, start=START)).world


def labelled(world: World, label: str) -> list[Release]:
    found = [
        one for one in world.releases.all if one.flaw.label == label and one.created < world.began - 24 * HOUR
    ]
    assert found
    return found


def errors(world: World, release: Release) -> int:
    return sum(number == release.number for number in world.index.release)


def crashed(world: World, release: Release) -> float | None:
    total = sessions.Ended()
    for cell in sessions.cells(world, release.projects, release.created, release.created + 24 * HOUR):
        if cell.release is release:
            total += cell.ended
    return total.crashed / total.sessions if total.sessions else None


def test_a_flaw_is_followed_by_a_sound_release(world: World) -> None:
    for project in world.projects:
        flaws = [release.flaw for release in world.releases.current_list(project)]
        assert flaws[:2] == [SOUND, SOUND]
        assert all(one is SOUND or other is SOUND for one, other in pairwise(flaws))
    assert {one.flaw.label for one in world.releases.all} >= {"sound", "errors", "crashes", "latency", "incident"}


def test_only_what_the_release_is_to_blame_for_makes_it_bad(world: World) -> None:
    assert not any(one.bad for label in ("incident", "burst", "traffic") for one in labelled(world, label))
    assert all(
        one.bad for label in ("errors", "crashes", "latency", "everything") for one in labelled(world, label)
    )


def test_flawed_errors_are_of_issues_that_began_with_the_release(world: World) -> None:
    flawed = labelled(world, "errors")
    numbers = {release.number for release in flawed}
    mine = [issue for issue in world.issues.values() if issue.first_release in numbers]
    assert sum(len(issue.events) for issue in mine) > 0.4 * sum(errors(world, release) for release in flawed)


def test_crashes_crash(world: World) -> None:
    seen = [(crashed(world, release), release.flaw.crashed) for release in labelled(world, "crashes")]
    for share, wanted in seen:
        assert share == pytest.approx(wanted, abs=0.01)
    sound = [share for release in labelled(world, "sound") if (share := crashed(world, release)) is not None]
    assert fmean(sound) < 0.01


def sound_week_before(world: World, release: Release) -> int | None:
    """How long before the release there was a like day without any flaw."""
    for back in range(7 * 24 * HOUR, release.created - world.start, 7 * 24 * HOUR):
        hours = range(release.created - back, release.created - back + 14 * HOUR, HOUR)
        if all(world.releases.flaw_at(release.projects[0], hour) is SOUND for hour in hours):
            return back
    return None


def test_latency_and_traffic_are_of_the_time_the_release_runs(world: World) -> None:
    def day(release: Release, before: int) -> tuple[performance.Part, ...]:
        (series, *_) = [
            one for one in performance.all_series(world, "transaction") if one.project is release.projects[0]
        ]
        start = release.created - release.created % HOUR + HOUR - before
        return performance.parts(world, series, start, start + 12 * HOUR)

    for label, measure in (("latency", performance.mean), ("traffic", performance.total)):
        pairs = [
            (release, back) for release in labelled(world, label) if (back := sound_week_before(world, release))
        ]
        assert pairs
        for release, back in pairs:
            now, then = measure(day(release, 0)), measure(day(release, back))
            assert now is not None
            assert then is not None
            assert now > 1.15 * then


def test_a_world_without_flaws_has_its_one_bad_release_and_one_incident() -> None:
    plain = Simulator(SimulatorOptions(seed=11, size=WorldSize(), static=True, frozen=True, start=START)).world
    assert [one.flaw.label for one in plain.releases.all if one.flaw is not SOUND] == ["bad"]
    assert plain.incident.others == ()
