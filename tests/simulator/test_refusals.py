"""Credentials, rate limits and faults: every refusal in the shape Sentry gives it."""

from __future__ import annotations

import json
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Any, cast

import pytest

from sentry_sync.simulator import Dropped, Hang, Simulator, SimulatorOptions
from sentry_sync.simulator.faults import FaultKind
from tests.simulator.asking import NOW, ORG, ask, issue_ids, simulator, walk

LIST = f"{ORG}/issues/"


def test_requests_without_a_valid_token_are_401_in_sentrys_words() -> None:
    sim = simulator()
    assert ask(sim, LIST, token=None).body == {"detail": "Authentication credentials were not provided."}
    assert ask(sim, LIST, token="wrong").body == {"detail": "Invalid token"}
    sim.tokens.add("old")
    sim.tokens.expire("old")
    assert ask(sim, LIST, token="old").body == {"detail": "Token expired"}
    sim.tokens.require_sso("old")
    answer = ask(sim, LIST, token="old")
    assert (answer.status, answer.body["detail"]["code"]) == (401, "sso-required")
    sim.tokens.disable_member("old")
    assert ask(sim, LIST, token="old").body["detail"]["code"] == "member-disabled-over-limit"
    sim.tokens.revoke("sntryu_simulator")
    assert ask(sim, LIST).status == 401


def test_scopes_decide_what_is_403_and_the_root_tells_them() -> None:
    sim = simulator()
    sim.tokens.add("ci", {"org:ci"})
    refused = ask(sim, LIST, token="ci")
    assert (refused.status, refused.body) == (
        403,
        {"detail": "You do not have permission to perform this action."},
    )
    assert ask(sim, f"{ORG}/releases/", token="ci").status == 200
    assert ask(sim, "", token="ci").body["auth"]["scopes"] == ["org:ci"]
    assert ask(sim, "", token=None).body["auth"] is None
    sim.tokens.add("reader", {"event:read"})
    assert ask(sim, LIST, {"id": "1"}, method="PUT", body={}, token="reader").status == 403


def test_what_is_not_there_is_404_and_a_missing_slash_redirects() -> None:
    sim = simulator()
    missing = {"detail": "The requested resource does not exist"}
    for path in ("organizations/nope/issues/", f"{ORG}/issues/1/", "projects/acme/nope/", f"{ORG}/releases/x/"):
        answer = ask(sim, path)
        assert (answer.status, answer.body) == (404, missing)
    assert ask(sim, "nothing/here/").status == 404
    moved = ask(sim, f"{ORG}/issues", {"limit": 1})
    assert (moved.status, moved.headers["Location"]) == (301, "/api/0/organizations/acme/issues/?limit=1")


def test_the_default_window_is_enforced_and_announced() -> None:
    sim = simulator(rate_limit=(100, 60))
    answers = [ask(sim, f"{ORG}/projects/") for _ in range(103)]
    assert Counter(answer.status for answer in answers) == {200: 100, 429: 3}
    refused = answers[-1]
    assert "Limit is 100 requests in 60 seconds" in refused.body["detail"]
    assert "Retry-After" not in refused.headers
    reset = int(refused.headers["X-Sentry-Rate-Limit-Reset"])
    server_now = parsedate_to_datetime(refused.headers["Date"])
    assert server_now == NOW
    assert [a.headers["X-Sentry-Rate-Limit-Remaining"] for a in answers[:2]] == ["99", "98"]
    sim.advance(reset - server_now.timestamp())
    assert ask(sim, f"{ORG}/projects/").status == 200


def test_a_test_can_count_requests_in_any_minute() -> None:
    sim = simulator()
    for _ in range(5):
        ask(sim, f"{ORG}/projects/", {"per_page": 3})
        sim.advance(30)
    times = [served.at for served in sim.requests]
    assert max(sum(0 <= (b - a).total_seconds() < 60 for b in times) for a in times) == 2
    served = sim.requests[0]
    assert (served.path, served.query, served.status) == (f"/api/0/{ORG}/projects/", {"per_page": "3"}, 200)


def test_project_events_have_a_bucket_of_their_own() -> None:
    sim = simulator(rate_limit=(40, 1))
    statuses = [ask(sim, f"projects/acme/{p.slug}/events/").status for _ in range(13) for p in sim.world.projects]
    assert Counter(statuses) == {200: 60, 429: 5}
    assert ask(sim, f"{ORG}/projects/").headers["X-Sentry-Rate-Limit-Remaining"] == "39"
    sim.advance(1)
    answer = ask(sim, "projects/acme/payments/events/")
    assert (answer.status, answer.headers["X-Sentry-Rate-Limit-ConcurrentLimit"]) == (429, "1")


def test_servers_of_ones_own_have_no_limits() -> None:
    for profile in ("self-hosted", "glitchtip"):
        sim = simulator(profile=profile, rate_limit=(1, 60))
        answers = [ask(sim, f"{ORG}/projects/") for _ in range(3)]
        assert [answer.status for answer in answers] == [200] * 3
        assert not [name for name in answers[0].headers if "Rate-Limit" in name]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"detail": "Query timeout. Please try again with a smaller date range or fewer projects."}),
        (410, {"message": "This API no longer exists."}),
        (
            429,
            {"detail": "Rate limit exceeded. Please try your query with a smaller date range or fewer projects."},
        ),
        (504, {"detail": "Query timeout. Please try with a smaller date range or fewer projects."}),
    ],
)
def test_statuses_on_demand_have_sentrys_bodies(status: int, body: Any) -> None:
    sim = simulator()
    sim.faults.add("/issues/", "status", status=status)
    answer = ask(sim, LIST)
    assert (answer.status, answer.body) == (status, body)
    assert ask(sim, LIST).status == 200
    assert ("X-Sentry-Deprecation-Date" in answer.headers) == (status == 410)


def test_a_fault_can_wait_repeat_name_a_body_and_be_cleared() -> None:
    sim = simulator()
    sim.faults.add(
        "/issues/", "status", times=2, after=1, status=500, body={"detail": {"code": "x", "message": "y"}}
    )
    assert [ask(sim, LIST).status for _ in range(4)] == [200, 500, 500, 200]
    sim.faults.add("", "status", times=100)
    assert ask(sim, LIST).status == 503
    sim.faults.clear()
    assert ask(sim, LIST).status == 200
    with pytest.raises(ValueError, match="Unknown kind"):
        sim.faults.add("", cast(FaultKind, "earthquake"))


def raw(sim: Simulator) -> tuple[int, dict[str, str], bytes]:
    return sim.handle("GET", f"/api/0/{LIST}", {"Authorization": "Bearer sntryu_simulator"})


def test_bodies_can_be_cut_malformed_html_or_of_another_type() -> None:
    sim = simulator()
    whole = raw(sim)[2]
    sim.faults.add("", "cut_body")
    _, headers, body = raw(sim)
    assert int(headers["Content-Length"]) == len(whole) == 2 * len(body) + len(whole) % 2
    sim.faults.add("", "bad_json")
    _, headers, body = raw(sim)
    assert int(headers["Content-Length"]) == len(body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    sim.faults.add("", "html")
    status, headers, body = raw(sim)
    assert (status, headers["Content-Type"], body[:9]) == (200, "text/html", b"<!doctype")
    sim.faults.add("", "wrong_type")
    assert isinstance(json.loads(raw(sim)[2]), dict)
    assert raw(sim)[2] == whole


def test_a_page_for_people_has_no_type_to_be_wrong() -> None:
    sim = Simulator(SimulatorOptions(profile="glitchtip", static=True, frozen=True))
    sim.faults.add("", "wrong_type", times=2)
    answer = sim.handle(
        "GET", "/api/0/organizations/acme/nothing-of-the-kind/", {"Authorization": "Bearer sntryu_simulator"}
    )
    assert answer[0] == 404


def test_hangs_and_dropped_connections_raise_where_there_is_no_socket() -> None:
    sim = simulator()
    sim.faults.add("", "hang")
    sim.faults.add("", "drop")
    with pytest.raises(Hang):
        raw(sim)
    with pytest.raises(Dropped):
        raw(sim)
    assert raw(sim)[0] == 200


def test_short_and_empty_pages_lose_nothing_for_whoever_follows_results() -> None:
    kinds: tuple[FaultKind, ...] = ("short_page", "empty_page")
    for kind in kinds:
        sim = simulator()
        sim.faults.add("/issues/", kind, times=2, after=1)
        pages = walk(sim, LIST, {"query": "", "limit": 20})
        sizes = [len(page.body) for page in pages]
        assert sizes[1:3] == ([10, 10] if kind == "short_page" else [0, 0])
        assert set(issue_ids(pages)) == set(sim.world.issues)


def test_a_repeated_cursor_leads_back_to_the_same_page() -> None:
    sim = simulator()
    first = ask(sim, LIST, {"query": "", "limit": 20}).link("next")["cursor"]
    sim.faults.add("/issues/", "repeat_cursor", times=2)
    query = {"query": "", "limit": 20, "cursor": first}
    second = ask(sim, LIST, query)
    again = ask(sim, LIST, {**query, "cursor": second.link("next")["cursor"]})
    assert second.link("next")["results"] == "true"
    assert again.body == second.body
    assert again.link("next")["cursor"] == second.link("next")["cursor"]


def test_a_link_header_can_be_missing() -> None:
    sim = simulator()
    sim.faults.add("/issues/", "no_link")
    assert "Link" not in ask(sim, LIST).headers
    assert "Link" in ask(sim, LIST).headers


def test_deprecated_paths_answer_and_name_their_replacement_on_saas_only() -> None:
    issue = next(iter(simulator().world.issues))
    answer = ask(simulator(), f"issues/{issue}/events/")
    assert answer.status == 200
    assert answer.headers["X-Sentry-Replacement-Endpoint"] == f"/api/0/{ORG}/issues/{issue}/events/"
    listed = ask(simulator(), "projects/acme/payments/issues/")
    assert listed.headers["X-Sentry-Replacement-Endpoint"] == f"/api/0/{ORG}/issues/"
    assert "X-Sentry-Deprecation-Date" not in ask(simulator(profile="self-hosted"), f"issues/{issue}/").headers


def test_self_hosted_takes_numbers_for_projects_and_old_names_for_sorts() -> None:
    sim = simulator(profile="self-hosted")
    refused = ask(sim, LIST, {"project": "payments"})
    assert (refused.status, refused.body) == (
        400,
        {"detail": "Invalid project parameter. Values must be numbers."},
    )
    assert ask(sim, LIST, {"projectSlug": "payments"}).status == 200
    assert (ask(sim, LIST, {"sort": "trends"}).status, ask(sim, LIST, {"sort": "priority"}).status) == (400, 200)
    assert ask(simulator(), LIST, {"sort": "priority"}).body == {"sort": ['"priority" is not a valid choice.']}


def test_full_event_pages_are_ten_rows_and_only_one_or_true_mean_full() -> None:
    sim = simulator()
    issue = max(sim.world.issues.values(), key=lambda found: found.count)
    for path in (f"{ORG}/issues/{issue.id}/events/", f"projects/acme/{issue.project.slug}/events/"):
        assert len(ask(sim, path, {"full": "1", "per_page": 100}).body) == 10
        assert "entries" not in ask(sim, path, {"full": "yes"}).body[0]
        assert ask(sim, path, {"per_page": 0}).body == {
            "detail": "Invalid per_page value. Must be between 1 and 100."
        }
