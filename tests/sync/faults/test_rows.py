"""Whatever stands in a field: the row is written or set aside with its reason, and the rest of its page comes in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_sync.errors import SentryError
from sentry_sync.records.event import EventGone
from sentry_sync.sentry.json_body import read_json
from sentry_sync.store import tables
from tests.support.rig import Rig
from tests.sync.faults.samples import ROWS, Sample, Samples
from tests.sync.faults.site import BRIEF, PAUSE, TINY


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


WILD: tuple[Any, ...] = (
    *(None, True, False, "", -1, 0, 7, 0.5, [], {}, [1], ["x"], {"id": {"a": 1}}, [[["a"]]], nested(400)),
    *(2**63 - 1, 2**63, -(2**63) - 1, 2**70, 1e308, float("inf"), float("nan"), 10**400, 1e12, -1e12),
    *("nan", "1e400", str(2**70), "\x00", "a\x00b", "\ud83d", "\u202e", "x" * 100_000, "9" * 5000),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-10:00"),
    *("1970-01-01", "2026-13-45", "2026-11-20T12:00:00", "yesterday"),
)
"""What fields have been seen to hold, and what they might."""

VALUES = st.sampled_from(WILD) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    rig = Rig(tmp_path_factory.mktemp("rows"), size=TINY, policy=BRIEF)
    rig.sync("projects")
    found = Samples(rig, rig.client())
    found.take()
    rig.advance(PAUSE)
    found.take()
    yield found
    rig.close()


def as_sent(body: Any) -> Any:
    """``body`` after it went through JSON, as a server would write it."""
    return read_json(json.dumps(body).encode())


def test_every_stream_has_a_sample(samples: Samples) -> None:
    streams = {sample.stream.name for sample in samples.taken.values()}
    assert streams >= {"issues.hot", "issues.sweep", "events", "error_counts", "releases", "release_health"}
    assert len(streams) >= 17


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_in_any_field_is_written_or_set_aside(samples: Samples, data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(sorted(samples.taken.values(), key=lambda sample: sample.name)))
    path = data.draw(st.sampled_from(sample.paths))
    value = data.draw(VALUES)
    try:
        tally = samples.feed(sample, as_sent(sample.spoiled(path, value)))
    except SentryError as error:
        assert len(str(error).splitlines()) == 1
        assert error.endpoint == ""
    else:
        assert tally.pages == 1


ROW_FIELDS = {
    "projects-projects": ("id", "slug"),
    "issues.hot-issues": ("id", "status", "project"),
    "releases-releases": ("version", "dateCreated"),
    "events-explore": ("id", "timestamp", "issue.id"),
    "events-project_events": ("eventID", "dateCreated", "groupID"),
    "error_counts-explore": ("issue.id", "count()", "timestamp.to_hour"),
    "issue_environments-explore": ("issue.id", "min(timestamp)"),
    "transactions-spans": ("transaction", "count(span.duration)"),
    "queries-spans": ("count(span.duration)", "p95(span.self_time)"),
    "web_vitals-spans": ("count(span.duration)", "p75(measurements.lcp)"),
    "release_health-sessions": ("totals", "by"),
}
"""By sample, fields without which a row is none."""


@pytest.mark.parametrize(
    ("name", "column"), [(name, field) for name, them in ROW_FIELDS.items() for field in them]
)
def test_one_unreadable_row_is_set_aside_by_name_and_the_others_come_in(
    samples: Samples, name: str, column: str
) -> None:
    sample = samples.taken[name]
    rows = _rows(sample)
    assert len(rows) == ROWS
    path = next(path for path in sample.paths if path[-2:] == (0, column))
    tally = samples.feed(sample, as_sent(sample.spoiled(path, [["hostile\r\n"]])))
    assert (tally.rows, tally.rejected) == (1, 1)
    newest = samples.rig.passes(sample.stream.name)[-1]
    assert (newest.state, newest.rejected) == ("done", 1)
    assert "hostile" not in newest.reject_reason
    assert newest.reject_reason.isprintable()


@pytest.mark.parametrize("value", [2**63, 10**400, str(2**70)], ids=["64 bits", "400 digits", "text"])
def test_a_counter_beyond_what_the_store_can_hold_costs_its_row_only(samples: Samples, value: Any) -> None:
    sample = samples.taken["error_counts-explore"]
    tally = samples.feed(sample, as_sent(sample.spoiled(("data", 0, "count()"), value)))
    assert (tally.rows, tally.rejected) == (1, 1)
    reason = samples.rig.passes("error_counts")[-1].reject_reason
    assert reason in ("count() is too large a number", "count() is not a whole number")


def test_totals_of_which_a_part_cannot_be_read_are_not_written_at_all(samples: Samples) -> None:
    sample = samples.taken["project_stats-stats_v2"]
    path = ("accepted", "groups", 0, "totals", "sum(quantity)")
    tally = samples.feed(sample, as_sent(sample.spoiled(path, "many")))
    assert (tally.rows, tally.rejected) == (0, 1)


@pytest.mark.parametrize("when", ["1999-01-01T00:00:00+00:00", "2031-01-01T00:00:00+00:00"])
@pytest.mark.parametrize("row", [0, 1])
def test_a_row_with_a_wild_time_has_no_event_taken_for_deleted(samples: Samples, row: int, when: str) -> None:
    sample = samples.taken["events-explore"]
    body = as_sent(sample.spoiled(("data", row, "timestamp"), when))
    page = replace(sample.page, body=body, next_cursor="0:100:0")
    samples.rig.advance(2 * 3600)
    assert len(samples.rig.rows(tables.events)) > ROWS
    assert [record for record in samples.read(sample, page).records if isinstance(record, EventGone)] == []


@pytest.mark.parametrize("when", ["2031-01-01T00:00:00+00:00", "soon"])
def test_the_servers_retention_does_not_begin_in_the_future(samples: Samples, when: str) -> None:
    sample = samples.taken["events.retention-explore"]
    page = replace(sample.page, body=as_sent(sample.spoiled(("data", 0, "min(timestamp)"), when)))
    found = samples.read(sample, page)
    assert (found.records, len(found.rejects)) == ([], 1)


def _rows(sample: Sample) -> list[Any]:
    body = sample.page.body
    return list(body if isinstance(body, list) else body.get("data") or body.get("groups"))
