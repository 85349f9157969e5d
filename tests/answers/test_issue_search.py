"""get-issues with a query, a window or over all projects: from the store, from Sentry, and when neither can."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.errors import QuestionError
from sentry_sync.records.event import Event
from sentry_sync.records.intervals import Interval
from tests.answers.desk import NOW, Asking, ago
from tests.support.rows import issue, project

WHOLE = Interval(ago(days=91), NOW)


def row(key: int, last_seen: Any, **changes: Any) -> Any:
    given = {"first_seen": ago(days=20), "verified_at": NOW, "short_id": f"API-{key}", "auto_resolved": False}
    return issue(id=str(key), **{"project_id": "2", "last_seen": last_seen, **given, **changes})


def ids(answer: dict[str, Any]) -> list[str]:
    return [found["id"] for found in answer["issues"]]


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def note(answer: dict[str, Any]) -> str:
    return " ".join(fresh(answer)["notes"])


@pytest.fixture
def filled(asking: Asking) -> Asking:
    asking.fill(
        [
            project("2", "api"),
            project("3", "web"),
            row(1, ago(hours=1), count=5, level="warning", assigned_type="team", assigned_to="web"),
            row(2, ago(hours=2), count=50, status="resolved", substatus=None),
            row(3, ago(hours=3), count=500, first_seen=ago(days=200), title="ValueError: refused by peer"),
            row(4, ago(hours=4), count=7, status="resolved", substatus=None, auto_resolved=True),
            row(5, ago(days=60), count=1, first_seen=ago(days=61)),
            row(6, ago(minutes=1), project_id="3"),
        ],
        issues=WHOLE,
    )
    return asking


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("is:unresolved", ["1", "3"]),
        ("is:resolved", ["2"]),
        ("!is:resolved level:error", ["3", "4"]),
        ("!is:unresolved", ["2"]),
        ("assigned:#web", ["1"]),
        ("is:unassigned", ["2", "3", "4"]),
        ("refused BY", ["3"]),
        ("timesSeen:<100 is:resolved", ["2"]),
        ("lastSeen:-150m", ["1", "2"]),
        ("issue:API-2", ["2"]),
    ],
)
def test_a_query_is_answered_from_the_store(filled: Asking, query: str, found: list[str]) -> None:
    answer = filled.offline.get_issues("api", query=query, since="-30d")
    assert (ids(answer), fresh(answer)["complete"], fresh(answer)["source"]) == (found, True, "local")


def test_without_a_project_all_are_searched_and_each_row_names_its_own(filled: Asking) -> None:
    answer = filled.offline.get_issues(limit=3)
    assert (ids(answer), [found["project"] for found in answer["issues"]]) == (
        ["6", "1", "2"],
        ["web", "api", "api"],
    )
    assert (answer["project"], answer["more"]) == (None, True)


def test_a_window_leaves_issues_with_an_event_in_it(filled: Asking) -> None:
    assert ids(filled.offline.get_issues("api", since="-150m")) == ["1", "2"]
    answer = filled.offline.get_issues("api", since="-30d", until="-150m")
    assert answer["window"] == {"since": "2026-10-21T12:34:56Z", "until": "2026-11-20T10:04:56Z"}


@pytest.mark.parametrize(("since", "until"), [("-1h", "-2h"), ("2030-01-01", None), ("soon", None)])
def test_a_window_that_is_none_is_refused(filled: Asking, since: str, until: str | None) -> None:
    with pytest.raises(QuestionError, match="since"):
        filled.offline.get_issues("api", since=since, until=until)


def test_an_issue_that_may_or_may_not_fit_is_shown_as_such_where_nobody_can_be_asked(filled: Asking) -> None:
    answer = filled.offline.get_issues("api", query="timesSeen:>100")
    assert [(found["id"], found["certain"]) for found in answer["issues"]] == [("3", False)]
    assert answer["issues"][0]["frequency"]["in_window"] is None
    assert not fresh(answer)["complete"]
    assert "whether 1 of these issues fit" in note(answer)


def test_what_the_copy_cannot_tell_by_issues_it_tells_by_the_events_it_holds(filled: Asking) -> None:
    events = [
        Event("2", f"{n:032x}", key, ago(hours=n), env, release, None, None, None, None, None, {})
        for n, key, env, release in [
            (1, "3", "production", "1.0"),
            (2, "3", "staging", "1.1"),
            (3, "3", "production", "1.1"),
            (4, "1", "staging", "1.0"),
            (5, "1", None, None),
        ]
    ]
    filled.fill(events, events=Interval(ago(days=7), NOW))

    def found(query: str, **arguments: Any) -> list[str]:
        answer = filled.offline.get_issues("api", query=query, since="-7d", **arguments)
        assert fresh(answer)["complete"], fresh(answer)
        return ids(answer)

    assert found("timesSeen:3") == ["3"]
    assert found("release:1.1") == ["3"]
    assert found("release:1.1 environment:staging") == ["3"]
    assert found("release:1.0", environment="staging") == ["1"]
    assert found('release:""') == ["1"]
    assert found("!environment:production") == ["3", "1"]
    assert found("release:1.*", sort="frequency") == ["3", "1"]
    first = filled.offline.get_issues("api", query="release:1.*", since="-7d", sort="frequency")["issues"][0]
    assert first["frequency"]["in_window"] == 3
    pages, cursor = [], None
    for _ in range(2):  # lifetime counts, which rank otherwise, must not hide what comes behind the first page
        answer = filled.offline.get_issues("api", since="-7d", sort="frequency", limit=1, cursor=cursor)
        pages += ids(answer)
        cursor = answer["next_cursor"]
    assert pages == ["3", "1"]
    older = filled.offline.get_issues("api", query="release:1.1")
    assert not fresh(older)["complete"], "an issue of before the events held may have had the release"


def test_a_query_the_copy_does_not_understand_finds_nothing_without_sentry_and_says_why(filled: Asking) -> None:
    answer = filled.offline.get_issues("api", query="browser.name:Chrome is:unresolved")
    assert (ids(answer), answer["more"], fresh(answer)["complete"]) == ([], None, False)
    assert "(unsupported_filter)" in note(answer)
    assert "browser.name: is about tags or fields of events" in note(answer)


def test_what_people_change_unseen_is_told(filled: Asking) -> None:
    assert "may be missing" in note(filled.offline.get_issues("api", query="is:unresolved"))
    assert "may be missing" in note(filled.offline.get_issues("api", status="unresolved", since="-1d"))
    assert "may be missing" not in note(filled.offline.get_issues("api", query="level:error"))


def test_sentry_refuses_some_queries_and_so_are_they_here_without_asking(filled: Asking) -> None:
    with pytest.raises(QuestionError, match="issue search has no OR"):
        filled.online.get_issues("api", query="a OR b")
    assert filled.requests() == 0


def test_a_concise_row_leaves_out_what_a_triager_seldom_needs(filled: Asking) -> None:
    concise = filled.offline.get_issues("api", query="is:resolved", response_format="concise")["issues"][0]
    detailed = filled.offline.get_issues("api", query="is:resolved")["issues"][0]
    assert detailed.keys() - concise.keys() == {"category", "platform", "verified_at", "permalink"}
    assert concise["untrusted"]["title"]


def test_pages_of_the_store_go_on_behind_the_row_that_was_last(filled: Asking) -> None:
    first = filled.offline.get_issues("api", query="level:error", since="-30d", limit=1)
    filled.fill([row(2, ago(minutes=1), count=51)])  # jumps to the top meanwhile
    second = filled.offline.get_issues(
        "api", query="level:error", since="-30d", limit=1, cursor=first["next_cursor"]
    )
    assert (ids(first), ids(second)) == (["2"], ["3"])
    with pytest.raises(QuestionError, match="cursor belongs to another question"):
        filled.offline.get_issues("api", query="level:fatal", cursor=first["next_cursor"])


# -- from Sentry --------------------------------------------------------------------------


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path)
    asking.rig.sync("projects", "issues")
    yield asking
    asking.close()


def walked(asking: Asking, **arguments: Any) -> list[str]:
    """Every page online, by its cursors."""
    found: list[str] = []
    cursor: str | None = None
    for _ in range(100):
        answer = asking.online.get_issues(**arguments, **({"cursor": cursor} if cursor else {}))
        assert (fresh(answer)["source"], fresh(answer)["complete"]) == ("live", True)
        found += ids(answer)
        cursor = answer["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("no end")


@pytest.mark.parametrize("sort", ["date", "frequency", "priority"])
def test_what_the_copy_does_not_understand_sentry_answers_page_by_page(synced: Asking, sort: str) -> None:
    query = "has:environment is:unresolved"
    whole = walked(synced, query=query, sort=sort, limit=100)
    assert len(whole) > 20
    assert walked(synced, query=query, sort=sort, limit=7) == whole
    answer = synced.online.get_issues(query=query, sort=sort)
    assert fresh(answer)["fell_through_because"] == "unsupported_filter"
    assert all(found["frequency"]["in_window"] for found in answer["issues"])


def test_a_live_page_that_was_cut_goes_on_where_it_was_cut(synced: Asking) -> None:
    from sentry_sync.answers.asking import Ask
    from sentry_sync.answers.issues import issues_question

    def asked(cursor: str | None) -> dict[str, Any]:
        question = issues_question(query="has:environment", limit=20, cursor=cursor)
        pending: Any = synced.online.begin(question, Ask(max_bytes=6_000))
        found: dict[str, Any] = pending.resume()
        return found

    found, cursor = [], None
    for _ in range(5):
        answer = asked(cursor)
        assert "were left out to stay under 6000 bytes" in note(answer)
        found += ids(answer)
        cursor = answer["next_cursor"]
    assert found == ids(synced.online.get_issues(query="has:environment", limit=100))[: len(found)]


def test_a_search_that_begins_here_goes_on_at_sentry_where_the_copy_ends(synced: Asking) -> None:
    whole = ids(synced.offline.get_issues(query="is:unresolved", limit=100))
    first = synced.online.get_issues(query="is:unresolved", limit=5)
    fifth = fresh(first)["as_of"]
    assert (fresh(first)["source"], fifth is not None) == ("local", True)
    edge = next(found for found in synced.rig.rows(_issues()) if found.id == ids(first)[-1]).last_seen
    with synced.rig.store.write() as uow:
        uow.uncover("issues", "", Interval(ago(days=91), edge))
    second = synced.online.get_issues(query="is:unresolved", limit=5, cursor=first["next_cursor"])
    assert (fresh(second)["source"], ids(first) + ids(second)) == ("live", whole[:10])


def _issues() -> Any:
    from sentry_sync.store import tables

    return tables.issues


def test_sentrys_own_refusal_of_a_query_is_told_in_its_words(synced: Asking) -> None:
    with pytest.raises(QuestionError, match=r"Sentry refuses this query: .*\(400\).*Invalid value for"):
        synced.online.get_issues(query="is:sideways")


def test_two_who_ask_the_same_at_once_make_one_request_each_with_the_same_words(synced: Asking) -> None:
    synced.online.get_issues(query="has:user", since="-24h")
    first = synced.rig.sim.requests[-1].query
    synced.rig.clock.advance(0.4)
    synced.online.get_issues(query="has:user", since="-24h")
    assert synced.rig.sim.requests[-1].query == first


def test_fresh_asks_sentry_for_what_the_copy_knows(synced: Asking) -> None:
    from sentry_sync.answers.asking import Ask
    from sentry_sync.answers.issues import issues_question

    pending: Any = synced.online.begin(issues_question(query="is:unresolved"), Ask(fresh=True))
    answer = pending.resume()
    assert (fresh(answer)["fell_through_because"], fresh(answer)["source"]) == ("asked_fresh", "live")
    assert ids(answer) == ids(synced.offline.get_issues(query="is:unresolved"))


def test_glitchtip_which_finds_nothing_for_what_it_does_not_know_is_not_asked(tmp_path: Path) -> None:
    asking = Asking(tmp_path, profile="glitchtip")
    try:
        asking.rig.sync("projects", "issues")
        asked = asking.requests()
        answer = asking.online.get_issues(asking.slug, query="has:user")
        assert fresh(answer)["could_not_fall_through_because"] == "not_supported"
        assert fresh(asking.online.get_issues(asking.slug, query="level:error"))["complete"]
        assert asking.requests() == asked
    finally:
        asking.close()


def test_an_environment_that_sentry_does_not_have_is_told(synced: Asking) -> None:
    answer = synced.online.get_issues(query="has:user", environment="atlantis")
    assert (ids(answer), "no environment of that name" in note(answer)) == ([], True)


def test_offline_the_next_page_of_sentrys_own_answer_is_what_the_copy_knows(synced: Asking) -> None:
    first = synced.online.get_issues(query="has:user", limit=3)
    answer = synced.offline.get_issues(query="has:user", limit=3, cursor=first["next_cursor"])
    assert (ids(answer), fresh(answer)["complete"]) == ([], False)


def test_plain_lists_go_on_too_in_every_order(synced: Asking) -> None:
    for sort in ("date", "frequency", "priority"):
        whole = ids(synced.offline.get_issues(synced.slug, sort=sort, limit=100))
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = synced.offline.get_issues(synced.slug, sort=sort, limit=7, cursor=cursor)
            found += ids(answer)
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert found == whole


def test_a_plain_list_goes_on_at_sentry_where_the_copy_ends(synced: Asking) -> None:
    whole = ids(synced.offline.get_issues(synced.slug, limit=100))
    first = synced.online.get_issues(synced.slug, limit=5)
    with synced.rig.store.write() as uow:
        uow.uncover("issues", "", Interval(ago(days=91), NOW - timedelta(seconds=1)))
    second = synced.online.get_issues(synced.slug, limit=5, cursor=first["next_cursor"])
    assert (fresh(second)["source"], ids(second)) == ("live", whole[5:10])
