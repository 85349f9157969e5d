"""Whether the newest events of an issue are all there, from everything that is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentry_sync.answers.event_misses import Evidence, newest_events
from sentry_sync.answers.misses import Miss, Reach
from sentry_sync.records.intervals import Interval

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


SYNCED = Evidence(
    known=[Interval(at(336), at(0))],
    synced_at=at(0),
    read_alone_at=None,
    issues_as_of=at(0),
    first_seen=at(2000),
    last_seen=at(1),
)
ALONE = replace(SYNCED, known=[Interval(at(2160), at(5))], synced_at=None, read_alone_at=at(5), last_seen=at(6))


def judged(
    evidence: Evidence, edge: float | None = None, newest: float | None = 1
) -> tuple[Miss | None, Reach | None]:
    return newest_events(evidence, None if edge is None else at(edge), None if newest is None else at(newest), NOW)


def test_enough_events_inside_the_known_time_are_complete() -> None:
    assert judged(SYNCED, edge=300) == (None, Reach(at(336), at(0)))


def test_too_few_events_are_complete_only_back_to_the_issues_beginning() -> None:
    assert judged(SYNCED)[0] is Miss.OUTSIDE_COVERAGE
    assert judged(replace(SYNCED, first_seen=at(336)))[0] is None


def test_without_anything_known_it_was_never_synced() -> None:
    assert judged(replace(SYNCED, known=[], synced_at=None)) == (Miss.NEVER_SYNCED, None)


def test_an_event_the_issue_had_in_known_time_that_is_not_there_contradicts_the_coverage() -> None:
    assert judged(SYNCED, edge=300, newest=3)[0] is Miss.OUTSIDE_COVERAGE
    assert judged(replace(SYNCED, first_seen=at(100)), newest=None)[0] is Miss.OUTSIDE_COVERAGE


def test_an_event_after_the_known_time_is_no_contradiction() -> None:
    assert (
        judged(replace(SYNCED, synced_at=at(2), known=[Interval(at(336), at(2))]), edge=300, newest=3)[0] is None
    )


def test_times_that_cannot_be_compared_contradict_nothing() -> None:
    assert judged(replace(SYNCED, last_seen=None), edge=300, newest=3)[0] is None


def test_an_issue_read_alone_stands_while_nothing_happened_since() -> None:
    assert judged(ALONE, newest=6) == (None, Reach(at(2160), at(0)))


def test_an_issue_read_alone_long_ago_is_asked_again_once_it_was_seen_since() -> None:
    assert judged(replace(ALONE, last_seen=at(1)), newest=6)[0] is Miss.OUTSIDE_COVERAGE


def test_an_event_on_its_way_when_the_issue_was_read_does_not_count_as_nothing_since() -> None:
    just_before = at(5) - timedelta(seconds=30)
    missed, found = newest_events(replace(ALONE, last_seen=just_before), None, just_before, NOW)
    assert missed is Miss.OUTSIDE_COVERAGE
    assert found == Reach(at(2160), at(5))


def test_an_issue_read_alone_a_moment_ago_stands_by_itself() -> None:
    fresh = at(0.1)
    evidence = replace(
        ALONE, known=[Interval(at(2160), fresh)], read_alone_at=fresh, issues_as_of=None, last_seen=fresh
    )
    assert newest_events(evidence, None, fresh, NOW) == (None, Reach(at(2160), fresh))


def test_a_first_sync_under_way_answers_for_what_it_has_read() -> None:
    begun = replace(SYNCED, synced_at=None, known=[Interval(at(10), at(0))])
    assert judged(begun, edge=9) == (None, Reach(at(10), at(0)))
    assert judged(begun, edge=11)[0] is Miss.OUTSIDE_COVERAGE


def test_the_freshest_of_several_words_is_taken() -> None:
    both = replace(
        SYNCED, synced_at=at(3), known=[Interval(at(2160), at(2))], read_alone_at=at(2), last_seen=at(4)
    )
    assert judged(both, newest=4) == (None, Reach(at(2160), at(0)))
