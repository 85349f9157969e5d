"""Pages, redirects, paths without the organization, regions, deadlines."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from sentry_sync.errors import BadRequest, NotFound, NotSupported, Unavailable
from sentry_sync.records.budget import Lane
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from tests.sentry.stage import TOKEN, Stage, html, ok, reply

NEXT = '<https://other.example.com/?cursor=evil>; rel="next"; results="true"; cursor="0:100:0"'


def test_a_page_holds_the_body_the_cursor_and_the_servers_time(stage: Stage) -> None:
    headers = {
        "link": NEXT,
        "date": "Fri, 20 Nov 2026 11:00:07 GMT",
        "x_hits": "1234",
        "x_sentry_direct_hit": "1",
        "set_cookie": "a=b",
    }
    page = stage.answer(ok([{"id": "1"}], **headers)).projects()
    assert page.body == [{"id": "1"}]
    assert page.next_cursor == "0:100:0"
    assert page.has_link
    assert page.server_time == datetime(2026, 11, 20, 11, 0, 7, tzinfo=UTC)
    assert page.hits == 1234
    assert dict(page.headers) == {"x-sentry-direct-hit": "1"}


def test_a_page_without_headers_ends_and_takes_our_time(stage: Stage) -> None:
    page = stage.answer(ok([], x_hits="many")).projects()
    assert (page.next_cursor, page.has_link, page.hits) == (None, False, None)
    assert page.server_time == stage.clock.now()


def test_only_the_cursor_of_a_link_is_used(stage: Stage) -> None:
    client = stage.answer(ok([], link=NEXT), ok())
    client.projects(cursor=client.projects().next_cursor)
    assert {request.url.host for request in stage.seen} == {"sentry.example.com"}
    assert ("cursor", "0:100:0") in stage.query()


def test_an_issue_is_asked_for_without_the_organization_where_that_is_all_there_is(stage: Stage) -> None:
    def glitchtip(request: httpx.Request) -> httpx.Response:
        return html(405) if "/organizations/" in request.url.path else ok({"id": "4"})

    client = stage.answer(glitchtip)
    assert client.issue("4").body == {"id": "4"}
    assert client.lane(Lane.WARM).issue("5").body == {"id": "4"}
    assert stage.paths == [
        "/api/0/organizations/acme/issues/4/",
        "/api/0/issues/4/",
        "/api/0/issues/5/",
    ]


def test_the_way_to_an_issue_is_remembered_per_endpoint(stage: Stage) -> None:
    def halfway(request: httpx.Request) -> httpx.Response:
        return html() if request.url.path.endswith("acme/issues/4/events/") else ok([])

    client = stage.answer(halfway)
    client.issue("4")
    client.issue_events("4")
    client.issue("4")
    assert stage.paths[-1] == "/api/0/organizations/acme/issues/4/"
    assert stage.paths[-2] == "/api/0/issues/4/events/"


def test_an_issue_that_is_not_there_is_not_asked_for_twice(stage: Stage) -> None:
    with pytest.raises(NotFound):
        stage.answer(reply(404, {"detail": "The requested resource does not exist"})).issue("4")
    assert len(stage.seen) == 1


def test_a_first_issue_that_is_not_there_still_shows_the_way(stage: Stage) -> None:
    def glitchtip(request: httpx.Request) -> httpx.Response:
        return html(405) if "/organizations/" in request.url.path else reply(404, {"detail": "Not Found"})

    client = stage.answer(glitchtip)
    for _ in range(2):
        with pytest.raises(NotFound):
            client.issue("4")
    assert len(stage.seen) == 3


def test_a_server_that_knows_neither_way_is_asked_both_each_time(stage: Stage) -> None:
    client = stage.answer(html())
    for _ in range(2):
        with pytest.raises(NotSupported):
            client.issue_event("4")
    assert len(stage.seen) == 4


def test_a_renamed_project_is_followed(stage: Stage) -> None:
    moved = {
        "detail": {"code": "resource-moved", "message": "x", "extra": {"url": "/api/0/projects/acme/new/events/"}}
    }
    client = stage.answer(reply(302, moved), ok([]))
    client.project_events("old")
    assert stage.paths == ["/api/0/projects/acme/old/events/", "/api/0/projects/acme/new/events/"]
    assert len(stage.ledger.settled) == 2


@pytest.mark.parametrize(
    "target",
    ["https://evil.com/", "http://sentry.example.com/", "//evil.com/x", "https://sentry.example.com:99x/", ""],
)
def test_a_redirect_elsewhere_is_not_followed(stage: Stage, target: str) -> None:
    with pytest.raises(Unavailable, match="redirects"):
        stage.answer(httpx.Response(302, headers={"location": target})).environments()
    assert len(stage.seen) == 1


def test_a_circle_of_redirects_ends(stage: Stage) -> None:
    with pytest.raises(Unavailable, match="circle"):
        stage.answer(httpx.Response(302, headers={"location": "/api/0/x/"})).environments()
    assert len(stage.seen) == 3


def test_a_region_answers_everything_but_the_root(stage: Stage) -> None:
    client = stage.answer(ok({}))
    view = client.lane(Lane.WARM)
    assert client.adopt_region("https://de.example.com")
    assert not client.adopt_region("https://de.evil.com")
    view.organization()
    client.root()
    assert [request.url.host for request in stage.seen] == ["de.example.com", "sentry.example.com"]
    assert stage.tokens == [f"Bearer {TOKEN}"] * 2


def test_a_live_request_lets_the_server_be_silent_until_the_deadline_only(stage: Stage) -> None:
    client = stage.answer(ok())
    client.environments()
    client.lane(Lane.LIVE, 4.0).environments()
    silences = [request.extensions["timeout"]["read"] for request in stage.seen]
    assert silences == [30.0, 4.0]


def test_a_lane_is_a_view_of_the_same_client(stage: Stage) -> None:
    client = stage.answer(ok())
    client.lane(Lane.BACKFILL).environments()
    client.environments()
    assert [lane for _, lane in stage.ledger.asked] == [Lane.BACKFILL, Lane.HOT]


def test_a_path_is_never_left(stage: Stage) -> None:
    client = stage.answer(ok({}))
    client.release("../../users/me")
    assert bytes(stage.seen[0].url.raw_path).startswith(
        b"/api/0/organizations/acme/releases/..%2F..%2Fusers%2Fme/"
    )
    with pytest.raises(BadRequest):
        client.release("..")
    assert len(stage.seen) == 1


def test_a_client_closes_its_network() -> None:
    closed: list[bool] = []

    class Network(httpx.MockTransport):
        def close(self) -> None:
            closed.append(True)

    stage = Stage()
    connection = Connection("https://sentry.io", TOKEN, "acme")
    with SentryClient(connection, stage.ledger, stage.clock, transport=Network(lambda _: ok())) as client:
        client.environments()
    assert closed == [True]
