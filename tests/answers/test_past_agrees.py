"""The answer, the library's query and the history of single issues tell the same of any moment: what looks saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentry_sync.answers.context import Answers
from sentry_sync.answers.past import FIELDS
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueGone
from sentry_sync.store.reads import history
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.support.rows import issue, project

START = datetime(2026, 11, 18, tzinfo=UTC)
END = START + timedelta(days=6)
MODELLED = ("status", "priority", "level", "assigned_to", "removed_as")
"""Fields that each look sees; the count is looked at apart, since it has one row a day."""


@dataclass(frozen=True)
class Look:
    """A look at one of a project's issues."""

    key: int
    hour: int
    status: str
    assigned_to: str | None
    priority: str | None
    level: str
    more: int
    gone: str | None

    @property
    def at(self) -> datetime:
        return START + timedelta(hours=self.hour)


LOOKS = st.lists(
    st.builds(
        Look,
        st.integers(0, 4),
        st.integers(0, 5 * 24),
        st.sampled_from(["unresolved", "resolved", "ignored"]),
        st.sampled_from([None, "Ada", "Grace"]),
        st.sampled_from([None, "high", "low"]),
        st.sampled_from(["error", "fatal"]),
        st.integers(0, 2),
        st.sampled_from([None, None, None, "deleted", "merged"]),
    ),
    min_size=1,
    max_size=30,
).map(lambda looks: sorted(looks, key=lambda look: look.hour))


@dataclass(frozen=True)
class Place:
    """One store for all examples: each has a project of its own in it."""

    store: Store
    answers: Answers
    reader: Reader
    numbers: Iterator[int]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock = FakeClock(END)
    store = Store(tmp_path / "store", clock)
    store.prepare()
    with store.write() as uow:
        uow.mark("issues.hot", "", END, END)
        uow.cover("issues", "", Interval(START - timedelta(days=100), END), source="issues")
    reader = Reader(store)
    with Answers(store, clock) as answers:
        yield Place(store, answers, reader, count(1))
    reader.close()
    store.close()


Seen = dict[str, list[tuple[datetime, dict[str, Any]]]]
"""By issue: when it was looked at, and what was seen."""


def lived(place: Place, number: int, looks: list[Look]) -> Seen:
    """Let the store have the looks; what each of them saw."""
    seen: Seen = {}
    with place.store.write() as uow:
        uow.upsert([project(str(number), f"p{number}", START)])
        for look in looks:
            key = f"{number}{look.key:03}"
            mine = seen.setdefault(key, [])
            last = mine[-1][1] if mine else None
            if look.gone and last:
                uow.upsert([IssueGone(key, look.at, look.gone)])
                mine.append((look.at, {**last, "removed_as": look.gone}))
            else:
                state = {name: getattr(look, name) for name in MODELLED[:4]}
                events = look.more + (last["count"] if last else 0)
                born = {"project_id": str(number), "first_seen": START - timedelta(days=1), "short_id": f"S-{key}"}
                uow.upsert([issue(id=key, verified_at=look.at, count=events, **state, **born)])
                mine.append((look.at, {**state, "removed_as": None, "count": events}))
    return seen


def around(seen: list[tuple[datetime, dict[str, Any]]], moment: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the last look before the moment saw, and what the first one after it did."""
    before = [state for at, state in seen if at <= moment]
    after = [state for at, state in seen if at > moment]
    # A look at the very moment leaves nothing open.
    at_it = any(at == moment for at, _ in seen)
    return before[-1], before[-1] if at_it or not after else after[0]


def from_looks(seen: Seen, moment: datetime, status: str | None) -> dict[str, dict[str, list[Any]]]:
    """By issue, the values each field may have had: worked out from the looks alone."""
    found = {}
    for key, looks in seen.items():
        if looks[0][0] > moment:
            continue
        old, new = around(looks, moment)
        values = {name: [old[name]] if old[name] == new[name] else [old[name], new[name]] for name in MODELLED}
        if None in values["removed_as"] and (status is None or status in values["status"]):
            found[key] = values
    return found


def from_answer(found: dict[str, Any]) -> dict[str, list[Any]]:
    told = {name: found["uncertain"].get(shown, [found.get(shown)]) for name, shown in FIELDS.items()}
    return {name: told[name] for name in MODELLED}


def compare_sql(place: Place, number: int, moment: datetime, status: str | None, answer: dict[str, Any]) -> None:
    result = run_query(
        place.store.paths,
        "issues_at",
        {"time": moment, "project": f"p{number}", "status": status},
        clock=FakeClock(END),
    )
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert [row["issue_id"] for row in rows if row["known"]] == [found["id"] for found in answer["issues"]]
    for row, found in zip(rows, answer["issues"], strict=False):
        unsure = {shown: name for name, shown in FIELDS.items()}
        assert row["certain"] == found["certain"]
        assert row["uncertain"] == (", ".join(sorted(unsure[name] for name in found["uncertain"])) or None)
        names = ("status", "substatus", "priority", "level", "assigned_to")
        assert [row[name] for name in names] == [found[name] for name in names]
        assert row["or_status"] == found["uncertain"].get("status", [None])[-1]
        assert row["count"] == found["frequency"]["events"]
        assert row["or_count"] == found["uncertain"].get("events", [None])[-1]
    unknown = [row for row in rows if not row["known"]]
    assert not any(row["certain"] or row["status"] or row["count"] for row in unknown)
    missing = [note for note in answer["freshness"]["notes"] if "first looked at after" in note]
    assert [note.split()[0] for note in missing] == ([str(len(unknown))] if unknown else [])


def compare_history(place: Place, moment: datetime, answer: dict[str, Any]) -> None:
    with place.reader.snapshot() as snapshot:
        then = history.at(snapshot, [found["id"] for found in answer["issues"]], moment)
    for found in answer["issues"]:
        fields = {name: field for name, field in then[found["id"]].fields.items() if name in FIELDS}
        assert from_answer(found) == {
            name: [fields[name].value] if fields[name].certain else [fields[name].value, fields[name].or_else]
            for name in MODELLED
        }
        looked_at = then[found["id"]].verified_at >= moment
        assert found["certain"] == (looked_at and all(field.certain for field in fields.values()))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    looks=LOOKS,
    halves=st.integers(-2, 11 * 24),
    status=st.sampled_from([None, "unresolved", "resolved"]),
)
def test_all_tell_what_the_looks_around_a_moment_saw(
    place: Place, looks: list[Look], halves: int, status: str | None
) -> None:
    number = next(place.numbers)
    moment = START + timedelta(minutes=30 * halves)
    seen = lived(place, number, looks)
    answer = place.answers.get_issues(f"p{number}", at_time=moment.isoformat(), status=status, limit=100)

    assert {found["id"]: from_answer(found) for found in answer["issues"]} == from_looks(seen, moment, status)
    for found in answer["issues"]:
        old, new = around(seen[found["id"]], moment)
        low, *_, high = [found["frequency"]["events"]] * 2 + found["uncertain"].get("events", [])
        assert low <= old["count"] <= high
        assert "events" in found["uncertain"] or old["count"] == new["count"]
        assert found["verified_at"] == seen[found["id"]][-1][0].strftime("%Y-%m-%dT%H:%M:%SZ")
    compare_history(place, moment, answer)
    compare_sql(place, number, moment, status, answer)
