"""The issue list: its parameters, search language, sorts, paging and traps, as sentry-wide facts say."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.simulator import Simulator
from tests.simulator.asking import NOW, ORG, ask, issue_ids, simulator, walk

LIST = f"{ORG}/issues/"


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulator()


def found(sim: Simulator, query: str, **rest: Any) -> set[str]:
    return set(issue_ids(walk(sim, LIST, {"query": query, "project": -1, **rest})))


def test_limit_decides_the_page_and_per_page_is_ignored(sim: Simulator) -> None:
    assert len(ask(sim, LIST, {"query": "", "limit": 7}).body) == 7
    assert len(ask(sim, LIST, {"query": "", "per_page": 7}).body) == 100
    assert len(ask(sim, LIST, {"query": "", "limit": 5000}).body) == 100
    refused = ask(sim, LIST, {"limit": "many"})
    assert (refused.status, refused.body) == (400, {"detail": "invalid limit"})


def test_no_query_means_unresolved_and_an_empty_one_means_all(sim: Simulator) -> None:
    unresolved = set(issue_ids(walk(sim, LIST)))
    assert unresolved == {issue.id for issue in sim.world.issues.values() if issue.status == "unresolved"}
    assert found(sim, "") == set(sim.world.issues)
    assert unresolved < set(sim.world.issues)


def test_both_rels_stand_in_every_link_header(sim: Simulator) -> None:
    first = ask(sim, LIST, {"query": "", "limit": 100})
    assert (first.link("previous")["results"], first.link("next")["results"]) == ("false", "true")
    last = ask(sim, LIST, {"query": "", "limit": 100, "cursor": first.link("next")["cursor"]})
    assert (last.link("previous")["results"], last.link("next")["results"]) == ("true", "false")


@pytest.mark.parametrize("sort", ["date", "new", "freq", "user", "trends", "recommended"])
def test_every_sort_walks_each_issue_once_even_over_ties(sim: Simulator, sort: str) -> None:
    ids = issue_ids(walk(sim, LIST, {"query": "", "limit": 9, "sort": sort}))
    assert len(ids) == len(set(ids)) == len(sim.world.issues)


def test_one_can_walk_back(sim: Simulator) -> None:
    pages = walk(sim, LIST, {"query": "", "limit": 30})
    back = ask(sim, LIST, {"query": "", "limit": 30, "cursor": pages[1].link("previous")["cursor"]})
    assert back.body == pages[0].body


def test_unknown_sorts_and_cursors_are_refused(sim: Simulator) -> None:
    assert ask(sim, LIST, {"sort": "priority"}).status == 400
    refused = ask(sim, LIST, {"cursor": "garbage"})
    assert (refused.status, refused.body) == (400, {"detail": "Invalid cursor parameter."})


def test_top_level_counters_are_in_window_and_lifetime_ones_are_not(sim: Simulator) -> None:
    window = {"query": "", "start": (NOW - timedelta(days=2)).isoformat(), "end": NOW.isoformat()}
    rows = [row for page in walk(sim, LIST, window) for row in page.body]
    assert any(int(row["count"]) < int(row["lifetime"]["count"]) for row in rows)
    assert any(row["firstSeen"] > row["lifetime"]["firstSeen"] for row in rows)
    inside = [e for e in sim.world.index.timestamp if NOW.timestamp() - 2 * 86_400 <= e < NOW.timestamp()]
    assert sum(int(row["count"]) for row in rows) == len(inside)


def test_an_explicit_end_is_exclusive_and_an_open_one_takes_in_this_second() -> None:
    sim = simulator()
    issue = sim.mutate.new_issues(1)[0]
    start = (NOW - timedelta(hours=1)).isoformat()
    assert issue not in found(sim, "", start=start, end=NOW.isoformat())
    assert issue in found(sim, "", start=start, end=(NOW + timedelta(seconds=1)).isoformat())
    assert issue in found(sim, "")


def test_windows_that_are_empty_or_too_old_find_nothing_and_half_a_window_is_refused(sim: Simulator) -> None:
    backwards = ask(sim, LIST, {"query": "", "start": NOW.isoformat(), "end": NOW.isoformat()})
    assert (backwards.status, backwards.body) == (200, [])
    old = (NOW - timedelta(days=200)).isoformat()
    outlived = ask(sim, LIST, {"query": "", "start": old, "end": (NOW - timedelta(days=120)).isoformat()})
    assert outlived.body == []
    assert [answer.link("next")["results"] for answer in (backwards, outlived)] == ["false", "false"]
    assert ask(sim, LIST, {"query": "", "start": old}).body == {"detail": "start and end are both required"}
    assert ask(sim, LIST, {"query": "", "statsPeriod": "soon"}).status == 400


def test_batches_by_id_ignore_the_query_have_no_link_and_leave_out_what_is_not_there(sim: Simulator) -> None:
    resolved = next(issue.id for issue in sim.world.issues.values() if issue.status == "resolved")
    answer = ask(sim, LIST, {"group": [resolved, "6999999999"], "query": "is:unresolved", "project": -1})
    assert [row["id"] for row in answer.body] == [resolved]
    assert "Link" not in answer.headers
    refused = ask(sim, LIST, {"group": "WEB-1"})
    assert (refused.status, refused.body) == (400, {"detail": "Group ids must be integers"})


def test_an_event_id_as_query_and_a_short_id_on_request_hit_directly(sim: Simulator) -> None:
    issue = next(iter(sim.world.issues.values()))
    event = sim.world.event_id(issue.events[0])
    by_event, by_short = (
        ask(sim, LIST, {"query": event}),
        ask(sim, LIST, {"query": issue.short_id.lower(), "shortIdLookup": "1"}),
    )
    for answer in (by_event, by_short):
        assert [row["id"] for row in answer.body] == [issue.id]
        assert answer.headers["X-Sentry-Direct-Hit"] == "1"
        assert "Link" not in answer.headers


def test_boolean_operators_and_parentheses_are_refused(sim: Simulator) -> None:
    for query in ("level:error OR level:fatal", "level:error AND is:unresolved", "(level:error)"):
        refused = ask(sim, LIST, {"query": query})
        assert refused.status == 400
        assert "not supported" in refused.body["detail"]
    assert ask(sim, LIST, {"query": "is:nonsense"}).status == 400
    assert ask(sim, LIST, {"query": 'title "unfinished'}).status == 400


def test_search_keys_mean_what_they_say(sim: Simulator) -> None:
    issues = sim.world.issues.values()
    all_ids = set(sim.world.issues)
    assert found(sim, "level:fatal") == {i.id for i in issues if i.level == "fatal"}
    assert found(sim, "!level:fatal") == all_ids - found(sim, "level:fatal")
    assert found(sim, "level:[fatal,warning]") == {i.id for i in issues if i.level in ("fatal", "warning")}
    assert found(sim, "is:assigned") == {i.id for i in issues if i.assigned_to}
    assert found(sim, "timesSeen:>20") == {i.id for i in issues if i.count > 20}
    day = NOW - timedelta(days=1)
    assert found(sim, "age:-24h") == {i.id for i in issues if i.first_seen >= day}
    assert found(sim, "firstSeen:+24h") == {i.id for i in issues if i.first_seen <= day}
    assert found(sim, f"lastSeen:>{day:%Y-%m-%dT%H:%M:%S}") == {i.id for i in issues if i.last_seen > day}
    assert found(sim, "issue.priority:[high]") == {i.id for i in issues if i.priority == "high"}
    assert found(sim, "title:*Cannot*") == {i.id for i in issues if "Cannot" in i.title}
    assert found(sim, "cannot read") == {i.id for i in issues if "cannot read" in i.title.lower()}
    assert found(sim, "assigned:none") == all_ids - found(sim, "is:assigned")


def test_tag_conditions_look_at_events_and_show_in_filtered(sim: Simulator) -> None:
    rows = [row for page in walk(sim, LIST, {"query": 'browser.name:"Chrome"'}) for row in page.body]
    assert rows
    assert any(int(row["filtered"]["count"]) < int(row["count"]) for row in rows)
    assert all(row["project"]["slug"] == "web-storefront" for row in rows)


def test_environments_are_a_parameter_and_lifetime_counts_all_of_them(sim: Simulator) -> None:
    rows = [row for page in walk(sim, LIST, {"query": "", "environment": "staging"}) for row in page.body]
    assert 0 < len(rows) < len(sim.world.issues)
    assert any(int(row["count"]) < int(row["lifetime"]["count"]) for row in rows)
    named = found(sim, "environment:staging")
    assert {row["id"] for row in rows} == named
    assert ask(sim, LIST, {"environment": "nowhere"}).status == 404


def test_projects_are_ids_or_slugs_or_all(sim: Simulator) -> None:
    one = sim.world.projects[0]
    by_id, by_slug = found(sim, "", project=one.id), found(sim, "", project=one.slug)
    assert by_id == by_slug == {i.id for i in sim.world.issues.values() if i.project is one}
    assert ask(sim, LIST, {"project": "999"}).status == 403


def test_collapsing_stats_or_lifetime_takes_the_counters_away(sim: Simulator) -> None:
    for collapse in ("stats", "lifetime"):
        row = ask(sim, LIST, {"query": "", "limit": 1, "collapse": collapse}).body[0]
        assert not {"count", "userCount", "firstSeen", "lastSeen"} & set(row)
    row = ask(
        sim, LIST, {"query": "", "limit": 1, "collapse": ["filtered", "unhandled"], "groupStatsPeriod": ""}
    ).body[0]
    assert "lifetime" in row
    assert not {"filtered", "isUnhandled", "stats"} & set(row)


def test_rows_resolved_by_age_leave_short_pages_with_more_behind() -> None:
    sim = simulator()
    aged = {issue.id for issue in sim.world.issues.values() if issue.auto_resolved}
    assert aged, "the world has no issue past its project's resolve age"
    pages = walk(sim, LIST, {"query": "is:unresolved", "limit": 5})
    short = [page for page in pages[:-1] if len(page.body) < 5]
    assert short
    assert not aged & set(issue_ids(pages))
    assert not aged & found(sim, "is:resolved")
    assert aged <= found(sim, "")
    row = ask(sim, LIST, {"group": min(aged)}).body[0]
    assert (row["status"], row["statusDetails"], row["substatus"]) == ("resolved", {"autoResolved": True}, None)


def test_an_issue_passes_its_resolve_age_by_the_clock_alone() -> None:
    sim = simulator()
    project = next(project for project in sim.world.projects if project.resolve_age)
    issue = sim.mutate.new_issues(1, project=project.slug)[0]
    assert sim.world.issues[issue].status == "unresolved"
    asked = {"group": issue, "project": -1}
    before = ask(sim, LIST, asked).body[0]["status"]
    sim.advance(project.resolve_age + 60)
    assert (before, ask(sim, LIST, asked).body[0]["status"]) == ("unresolved", "resolved")


def test_a_snooze_ends_by_the_clock_alone() -> None:
    sim = simulator()
    issue = next(i.id for i in sim.world.issues.values() if i.status == "unresolved" and not i.project.resolve_age)
    sim.mutate.ignore(issue, for_seconds=600)
    assert ask(sim, LIST, {"group": issue}).body[0]["status"] == "ignored"
    sim.advance(601)
    assert ask(sim, LIST, {"group": issue}).body[0]["status"] == "unresolved"
    assert issue not in found(sim, "is:unresolved"), "the stored status is still ignored"
    assert issue not in found(sim, "is:ignored"), "and the row is dropped for what it shows"


def test_a_busy_issue_jumps_out_of_an_unpinned_sweep_but_not_out_of_a_pinned_one() -> None:
    for pinned in (False, True):
        sim = simulator()
        query: dict[str, Any] = {"query": "", "limit": 50}
        if pinned:
            query |= {"start": (NOW - timedelta(days=30)).isoformat(), "end": NOW.isoformat()}
        first = ask(sim, LIST, query)
        later = ask(sim, LIST, {**query, "cursor": first.link("next")["cursor"]}).body[0]["id"]
        sim.advance(5)
        sim.mutate.new_events(later)
        swept = issue_ids([first]) + issue_ids(walk(sim, LIST, {**query, "cursor": first.link("next")["cursor"]}))
        assert (later in swept) == pinned


def test_hits_are_bounded_and_only_an_estimate_once_paging(sim: Simulator) -> None:
    first = ask(sim, LIST, {"query": "", "limit": 10})
    assert (first.headers["X-Hits"], first.headers["X-Max-Hits"]) == (str(len(sim.world.issues)), "1000")
    second = ask(sim, LIST, {"query": "", "limit": 10, "cursor": first.link("next")["cursor"]})
    assert second.headers["X-Hits"] != first.headers["X-Hits"]


def test_for_review_is_the_inbox_of_a_week(sim: Simulator) -> None:
    ids = found(sim, "is:unresolved is:for_review", sort="inbox")
    week = NOW.timestamp() - 7 * 86_400
    inbox = {
        i.id
        for i in sim.world.issues.values()
        if i.status == "unresolved" and i.inbox_since is not None and i.inbox_since >= week
    }
    assert ids == inbox != set()


def test_counts_by_query_stop_at_a_hundred_and_statistics_are_by_id(sim: Simulator) -> None:
    counts = ask(sim, f"{ORG}/issues-count/", {"query": ["", "level:fatal"]}).body
    assert counts[""] == 100
    assert counts["level:fatal"] == len(found(sim, "level:fatal"))
    some = list(itertools.islice(sim.world.issues, 3))
    rows = ask(sim, f"{ORG}/issues-stats/", {"groups": some}).body
    assert {row["id"]: row["count"] for row in rows} == {i: str(sim.world.issues[i].count) for i in some}
