"""What runs next and what follows, decided without a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.records.schedule import Entry
from sentry_sync.sync import schedule
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.run import LADDERS
from sentry_sync.sync.schedule import RHYTHMS, Demand, Outcome, Pace, Spent

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def calm() -> dict[str, Entry]:
    """Nothing is due for an hour."""
    return {name: Entry(name, rhythm.every, NOW + HOUR) for name, rhythm in RHYTHMS.items()}


def due(*names: str, **changed: Entry) -> dict[str, Entry]:
    return {**calm(), **{name: replace(calm()[name], due_at=NOW) for name in names}, **changed}


def test_every_ladder_has_a_rhythm_in_the_order_of_its_value() -> None:
    assert [ladder[0].name for ladder in LADDERS] == list(RHYTHMS)


def test_no_rhythm_contradicts_itself() -> None:
    for rhythm in RHYTHMS.values():
        assert rhythm.shortest <= rhythm.every <= rhythm.longest <= rhythm.slowest


def test_nothing_is_called_stale_because_it_is_looked_for_less_often_when_nothing_happens() -> None:
    aside = ("issues.", "releases.sweep", "releases.confirm", "organization", "environments", "deploys")
    for ladder in LADDERS:
        name, rhythm = ladder[0].name, RHYTHMS[ladder[0].name]
        if name.startswith(aside) or "audit" in name or "retention" in name or "windows" in name:
            continue  # these have dates of their own
        late = schedule.LATEST if rhythm.after else rhythm.longest * schedule.JITTER
        assert rhythm.longest + late <= stale_after(ladder[0].resource) + MINUTE, name


def test_a_store_without_a_schedule_has_everything_due_and_keeps_what_it_had() -> None:
    kept = Entry("issues.sweep", 30 * MINUTE, NOW + 5 * MINUTE, failures=2, requests=50)
    entries = schedule.opened({"issues.sweep": kept}, NOW)
    assert entries.pop("issues.sweep") == kept
    assert {entry.due_at for entry in entries.values()} == {NOW}


def test_of_what_is_due_the_most_valuable_goes_first() -> None:
    assert schedule.choose(due("event_bodies", "error_counts", "issues.sweep"), NOW, 80) == "error_counts"
    assert schedule.choose(due("issues.hot", "projects"), NOW, 80) == "projects"
    assert schedule.choose(calm(), NOW, 80) is None


def test_a_backfill_takes_what_is_left_and_stands_back_for_whatever_is_due() -> None:
    first = replace(calm()["events"], open=True, pages=500)
    assert schedule.choose({**calm(), "events": first}, NOW, 80) == "events"
    assert schedule.choose(due("event_bodies", events=first), NOW, 80) == "event_bodies"


def test_two_backfills_take_turns_a_quantum_each() -> None:
    entries = {name: replace(calm()[name], open=True) for name in ("error_counts", "events")}
    taken = []
    for _ in range(320):
        chosen = schedule.choose({**calm(), **entries}, NOW, 80)
        assert chosen
        entries[chosen] = replace(entries[chosen], pages=entries[chosen].pages + 1)
        taken.append(chosen)
    assert taken == ["error_counts"] * 80 + ["events"] * 80 + ["error_counts"] * 80 + ["events"] * 80


def test_a_turn_that_is_due_again_comes_before_the_rest_of_others() -> None:
    hot = replace(calm()["issues.hot"], open=True, pages=500, due_at=NOW)
    sweep = replace(calm()["issues.sweep"], open=True, pages=10)
    assert schedule.choose({**calm(), "issues.hot": hot, "issues.sweep": sweep}, NOW, 80) == "issues.hot"


def test_a_turn_begins_with_no_pages_and_is_due_again_after_its_interval() -> None:
    entry = schedule.begun(replace(calm()["issues.hot"], pages=7), NOW, MINUTE)
    assert (entry.open, entry.pages) == (True, 0)
    assert abs(entry.due_at - NOW - MINUTE) <= MINUTE * schedule.JITTER


def test_what_a_turn_without_an_end_has_cost_is_remembered_when_the_next_begins() -> None:
    open_still = replace(calm()["issues.hot"], open=True, pages=75)
    assert schedule.begun(open_still, NOW, MINUTE).requests == 75
    assert schedule.begun(replace(open_still, open=False, requests=3), NOW, MINUTE).requests == 3


@given(st.integers(0, 366 * 86_400), st.sampled_from(("error_counts", "transactions")))
def test_hourly_figures_are_read_within_minutes_of_each_full_hour(seconds: int, stream: str) -> None:
    now = NOW + timedelta(seconds=seconds)
    for every in (15 * MINUTE, 22 * MINUTE, 30 * MINUTE, HOUR):
        at = now
        turn = now.replace(minute=0, second=0, microsecond=0) + HOUR
        while at < turn:
            before, at = at, schedule.following(stream, at, every)
            assert before < at
        after = RHYTHMS[stream].after
        assert after is not None
        assert after <= at - turn <= after + schedule.LATEST


def test_the_jitter_is_the_same_each_time_and_differs_between_turns() -> None:
    first = schedule.following("issues.sweep", NOW, 15 * MINUTE)
    assert first == schedule.following("issues.sweep", NOW, 15 * MINUTE)
    assert first - NOW != schedule.following("issues.sweep", NOW + MINUTE, 15 * MINUTE) - NOW - MINUTE


def test_a_sweep_that_finds_something_is_repeated_sooner_and_one_that_does_not_later() -> None:
    entry = replace(calm()["issues.sweep"], open=True, pages=50, failures=1)
    soon = schedule.followed(entry, Outcome("done", news=True), NOW)
    assert (soon.every, soon.requests, soon.failures, soon.open) == (12 * MINUTE, 50, 0, False)
    every = [soon]
    for _ in range(4):
        every.append(schedule.followed(every[-1], Outcome("done", news=False), NOW))
    assert [entry.every for entry in every[1:]] == [18 * MINUTE, 27 * MINUTE, 30 * MINUTE, 30 * MINUTE]


def test_a_hot_poll_keeps_its_minute_whatever_it_finds() -> None:
    entry = replace(calm()["issues.hot"], open=True)
    for news in (True, False):
        assert schedule.followed(entry, Outcome("done", news=news), NOW).every == MINUTE


def test_a_slice_that_was_stopped_leaves_the_turn_open() -> None:
    entry = replace(calm()["events"], open=True, pages=80)
    assert schedule.followed(entry, Outcome("partial"), NOW) == entry


def test_what_fails_is_tried_again_soon_then_ever_more_seldom_and_at_once_as_usual_when_it_works() -> None:
    entry, waits = replace(calm()["releases"], open=True, requests=2), []
    for _ in range(12):
        entry = schedule.followed(replace(entry, open=True), Outcome("failed"), NOW)
        waits.append((entry.due_at - NOW).total_seconds())
    assert waits[:4] == [30, 60, 120, 240]
    assert waits[-1] == waits[-2] == 3600
    assert not entry.open
    assert schedule.followed(replace(entry, open=True), Outcome("done"), NOW).failures == 0


def test_what_a_sweep_missed_is_looked_at_right_after_it() -> None:
    entries = schedule.due_with(calm(), "issues.sweep", NOW)
    assert [name for name, entry in entries.items() if entry.due_at == NOW] == ["issues.confirm"]


def test_a_clock_set_back_starves_nobody() -> None:
    ahead = replace(calm()["issues.hot"], due_at=NOW + 5 * HOUR)
    assert schedule.settled(ahead, NOW).due_at == NOW + MINUTE
    failing = replace(ahead, failures=5)
    assert schedule.settled(failing, NOW).due_at == NOW + schedule.retry_after("issues.hot", 5)


def test_when_a_server_is_back_what_is_hot_is_soon_seen() -> None:
    assert schedule.retry_after("issues.hot", 100) == RHYTHMS["issues.hot"].slowest == 5 * MINUTE


def test_what_fits_is_left_alone() -> None:
    demands = {"issues.hot": Demand(MINUTE, 5), "issues.sweep": Demand(12 * MINUTE, 50)}
    assert schedule.stretched(demands, 80) == {name: found.every for name, found in demands.items()}


def test_a_short_budget_slows_the_least_valuable_first_and_only_as_far_as_needed() -> None:
    demands = {
        "issues.hot": Demand(MINUTE, 2),
        "releases": Demand(15 * MINUTE, 30),
        "issues.sweep": Demand(15 * MINUTE, 30),
        "event_bodies": Demand(5 * MINUTE, 10),
    }
    every = schedule.stretched(demands, 7)
    assert every.pop("event_bodies") == 10 * MINUTE
    assert every == {name: demands[name].every for name in every}
    every = schedule.stretched(demands, 6)
    assert every["event_bodies"] == RHYTHMS["event_bodies"].slowest
    assert 15 * MINUTE < every["issues.sweep"] < RHYTHMS["issues.sweep"].slowest
    assert every["releases"] == 15 * MINUTE


def test_nobody_is_entitled_to_more_than_a_third_as_long_as_that_slows_him_no_further_than_he_may() -> None:
    every = schedule.stretched({"issues.hot": Demand(MINUTE, 80)}, 80)
    assert every["issues.hot"] == 3 * MINUTE


RHYTHMIC = st.dictionaries(
    st.sampled_from(sorted(RHYTHMS)), st.floats(0, 500).map(lambda n: round(n, 2)), min_size=1
)


@given(RHYTHMIC, st.floats(1, 1000))
def test_whatever_is_asked_for_the_intervals_fit_and_no_ladder_is_left_out(
    requests: dict[str, float], room: float
) -> None:
    demands = {name: Demand(RHYTHMS[name].every, cost) for name, cost in requests.items()}
    every = schedule.stretched(demands, room)
    assert sum(cost * (MINUTE / every[name]) for name, cost in requests.items()) <= room * 1.001
    assert all(every[name] >= demands[name].every * 0.999 for name in demands)


def test_a_ladder_is_entitled_to_a_quantum_a_turn_and_what_it_reads_beyond_counts_for_nobody() -> None:
    entry = replace(calm()["events"], requests=42_000)
    assert schedule.demand(entry, 80) == Demand(entry.every, 80)
    assert schedule.demand(replace(entry, requests=None), 80).requests == 0


def test_a_slow_server_is_planned_with_as_slow_as_it_is() -> None:
    pace = Pace()
    assert pace.per_minute(80) == 80
    for _ in range(50):
        pace = pace.after(seconds=50, pages=10)
    assert pace.per_minute(80) == pytest.approx(12)
    for _ in range(100):
        pace = pace.after(seconds=3, pages=10)
    assert pace.per_minute(80) == 80


def test_a_slice_is_a_minute_of_the_budget_and_never_less_than_a_window_of_pages() -> None:
    assert (schedule.capacity(100), schedule.quantum(100)) == (80, 100)
    assert (schedule.capacity(10), schedule.quantum(10)) == (8, 100)
    assert schedule.quantum(1000) == 980


def test_what_fails_keeps_its_reason_until_it_comes_through() -> None:
    entry = schedule.followed(Entry("events", HOUR, NOW), Outcome("failed", error="no room"), NOW)
    assert (entry.failures, entry.error) == (1, "no room")
    again = schedule.followed(entry, Outcome("done"), NOW)
    assert (again.failures, again.error) == (0, None)


ONE = Spent(1, timedelta(seconds=0.1))


def test_hints_may_spend_a_fifth_a_few_at_once_and_no_more_after_a_quiet_time() -> None:
    paid: datetime | None = None
    now, spent = NOW, 0
    for second in range(600):
        now = NOW + timedelta(seconds=second)
        if schedule.hurried(paid, now):
            paid = schedule.paid_until(paid, "issues.hinted", ONE, now, 80.0)
            spent += 1
    assert 160 <= spent <= 166
    assert schedule.hurried(paid, now + HOUR)
    later = schedule.paid_until(paid, "issues.hinted", ONE, now + HOUR, 80.0)
    assert later > now + HOUR, "a quiet hour is not saved up"
    slow = Spent(1, timedelta(seconds=10))
    assert schedule.paid_until(None, "issues.hinted", slow, NOW, 10_000.0) == NOW + timedelta(seconds=50)
