"""The GlitchTip profile: the differences seen on a running server."""

from __future__ import annotations

import pytest

from sentry_sync.simulator import Simulator
from tests.simulator.asking import ORG, Answer, ask, simulator

LIST = f"{ORG}/issues/"


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulator(profile="glitchtip")


def following(page: Answer) -> str | None:
    """The next cursor out of a Link header that is a Python set printed as text."""
    text = page.headers["Link"]
    assert text.startswith("{'<")
    assert text.endswith("'}")
    part = next(part for part in text[2:-2].split(", <") if 'rel="next"' in part)
    assert ('cursor="' in part) == ('results="true"' in part)
    return part.split('cursor="')[1].rstrip('"') if 'cursor="' in part else None


def swept(sim: Simulator, **query: str) -> list[str]:
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ask(sim, LIST, {**query, **({"cursor": cursor} if cursor else {})})
        assert page.status == 200
        ids += [row["id"] for row in page.body]
        cursor = following(page)
    return ids


@pytest.mark.parametrize("sort", ["last_seen", "-last_seen", "first_seen", "-first_seen"])
def test_walking_by_date_is_complete_both_ways(sim: Simulator, sort: str) -> None:
    ids = swept(sim, sort=sort, limit="13")
    assert len(ids) == len(set(ids)) == len(sim.world.issues)


@pytest.mark.parametrize("sort", ["count", "-priority"])
def test_walking_by_a_number_loses_and_doubles_rows(sim: Simulator, sort: str) -> None:
    ids = swept(sim, sort=sort, limit="13")
    assert len(ids) == len(sim.world.issues)
    assert len(set(ids)) < len(ids)


def test_sentrys_sorts_and_bad_numbers_are_422_with_a_list(sim: Simulator) -> None:
    for query in (
        {"sort": "date"},
        {"limit": "abc"},
        {"start": "nonsense"},
        {"cursor": "xyz"},
        {"project": "api"},
    ):
        answer = ask(sim, LIST, query)
        assert answer.status == 422
        assert isinstance(answer.body["detail"], list)


def test_fields_are_missing_or_of_other_types(sim: Simulator) -> None:
    page = ask(sim, LIST)
    assert len(page.body) == 50
    assert page.headers["X-Hits"] == str(len(sim.world.issues))
    row = page.body[0]
    assert not {"lifetime", "substatus", "priority", "issueCategory", "isUnhandled", "filtered"} & set(row)
    assert (row["userCount"], row["culprit"]) == (0, "")
    event = ask(sim, f"issues/{row['id']}/events/latest/").body
    assert (event["errors"], type(event["projectID"])) == (None, int)
    environments = [entry["name"] for entry in ask(sim, f"{ORG}/environments/").body]
    assert len(environments) > len(set(environments))
    release = ask(sim, f"{ORG}/releases/").body[0]
    assert not {"newGroups", "id", "status"} & set(release)


def test_events_of_an_issue_are_in_snake_case_and_others_are_not(sim: Simulator) -> None:
    issue = next(iter(sim.world.issues.values()))
    assert "event_id" in ask(sim, f"issues/{issue.id}/events/").body[0]
    assert "eventID" in ask(sim, f"projects/acme/{issue.project.slug}/events/").body[0]


def test_unknown_parameters_are_ignored_and_unknown_values_find_nothing(sim: Simulator) -> None:
    everything = len(sim.world.issues)
    assert ask(sim, LIST, {"group": "1"}).headers["X-Hits"] == str(everything)
    assert ask(sim, LIST, {"statsPeriod": "1h"}).headers["X-Hits"] == str(everything)
    assert ask(sim, LIST, {"project": "-1"}).body == []
    for query in ("lastSeen:-24h", "age:-7d", "timesSeen:>5", "!level:error", "is:unassigned"):
        answer = ask(sim, LIST, {"query": query})
        assert (answer.status, answer.body) == (200, [])
    fatal = ask(sim, LIST, {"query": "level:fatal"}).headers["X-Hits"]
    assert fatal == str(sum(issue.level == "fatal" for issue in sim.world.issues.values()))


def test_paths_it_does_not_have_answer_html(sim: Simulator) -> None:
    issue = next(iter(sim.world.issues))
    assert ask(sim, f"{ORG}/issues/{issue}/").status == 405
    for path in (f"{ORG}/issues/{issue}/events/", f"{ORG}/issues-count/", f"{ORG}/releases/x%401/deploys/"):
        answer = ask(sim, path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for path in (f"{ORG}/events/", f"{ORG}/sessions/", f"{ORG}/shortids/X-1/"):
        answer = ask(sim, path)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_refusals_have_its_own_words(sim: Simulator) -> None:
    assert ask(sim, LIST, token="wrong").body == {"detail": "Unauthorized"}
    assert ask(sim, "organizations/nope/issues/").body == {"detail": "Not Found"}
    assert ask(sim, f"{ORG}/stats_v2/").status == 422


def test_a_deleted_issue_stays_visible_until_a_worker_ran() -> None:
    sim = simulator(profile="glitchtip")
    issue = next(iter(sim.world.issues))
    assert ask(sim, f"issues/{issue}/", method="DELETE").status == 204
    assert ask(sim, f"issues/{issue}/").body["status"] == "unresolved"
    sim.advance(6)
    assert ask(sim, f"issues/{issue}/").status == 404
