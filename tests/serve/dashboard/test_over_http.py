"""What comes with every page, who gets one, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sentry_sync.serve.dashboard.forms import LARGEST
from sentry_sync.serve.gate import Rules
from tests.answers.desk import Asking
from tests.serve.dashboard.conftest import Addresses, spoken

TOKEN = "0123456789abcdef"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def got(world: Asking, path: str, rules: Rules | None = None, **how: Any) -> httpx.Response:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.request(how.pop("method", "GET"), path, **how)

    found: httpx.Response = spoken(world.offline, talk, rules)
    return found


@pytest.mark.parametrize("path", ["/", "/issues", "/sync", "/sql", "/issues?query=a+OR+b", "/issues/999"])
def test_every_page_comes_with_its_policy_and_is_stored_nowhere(world: Asking, path: str) -> None:
    answer = got(world, path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert answer.text.count("<script") == answer.text.count('<script src="/static/')
    assert len(answer.content) < 250_000


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("dashboard.css", "text/css"),
        ("live.js", "text/javascript"),
        ("charts.js", "text/javascript"),
        ("uplot/uPlot.iife.min.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_what_pages_need_is_served_from_here(world: Asking, path: str, kind: str) -> None:
    answer = got(world, f"/static/{path}", Rules(TOKEN))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_is_no_page_needs_is_not(world: Asking) -> None:
    assert got(world, "/static/../wing.py").status_code in (401, 404)
    assert got(world, "/static/%2e%2e/wing.py").status_code == 404


def test_pages_name_nothing_of_elsewhere(world: Asking, addresses: Addresses) -> None:
    async def talk(client: httpx.AsyncClient) -> list[str]:
        return [(await client.get(path, params=given)).text for path, given in addresses.values()]

    for text in spoken(world.offline, talk):
        assert "//" not in text.replace("http://www.w3.org", "").replace("https://", "").partition("<main")[0]


def test_with_a_token_a_browser_is_sent_to_log_in(world: Asking, addresses: Addresses) -> None:
    async def talk(client: httpx.AsyncClient) -> list[tuple[int, str]]:
        found = [await client.get(path, params=given) for path, given in addresses.values()]
        found.append(await client.get("/live"))
        return [(one.status_code, one.headers.get("location", "")) for one in found]

    assert set(spoken(world.offline, talk, Rules(TOKEN))) == {(303, "/login")}


def test_who_knows_the_token_gets_a_session_and_can_end_it(world: Asking) -> None:
    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            await client.post("/login", data={"token": "wrong"}),
            await client.post("/login", data={"token": TOKEN}),
            await client.get("/sync"),
            await client.post("/logout"),
            await client.get("/sync"),
        ]

    wrong, right, page, ended, after = spoken(world.offline, talk, Rules(TOKEN))
    assert wrong.status_code == 401
    assert "That is not the token" in wrong.text
    assert "set-cookie" not in wrong.headers
    assert (right.status_code, right.headers["location"]) == (303, "/")
    assert "HttpOnly" in right.headers["set-cookie"]
    assert "SameSite=Strict" in right.headers["set-cookie"]
    assert TOKEN not in str(right.headers)
    assert page.status_code == 200
    assert "Log out" in page.text
    assert ended.status_code == 303
    assert after.status_code == 303


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_session_that_began_over_tls_is_sent_over_nothing_else(world: Asking, scheme: str) -> None:
    sent = {"origin": f"{scheme}://127.0.0.1:8000"}
    answer = got(world, "/login", Rules(TOKEN), method="POST", data={"token": TOKEN}, headers=sent)
    assert ("; Secure" in answer.headers["set-cookie"]) == (scheme == "https")


def test_without_a_token_nobody_has_to_log_in_or_out(world: Asking) -> None:
    answer = got(world, "/sync")
    assert answer.status_code == 200
    assert "Log out" not in answer.text


def test_whoever_guesses_is_slowed_down(world: Asking) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        for _ in range(11):
            last = await client.post("/login", data={"token": "guess"})
        return last

    last = spoken(world.offline, talk, Rules(TOKEN))
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) > 0
    assert "Too many attempts" in last.text


@pytest.mark.parametrize("path", ["/", "/sql", "/issues/999", "/login", "/logout"])
def test_another_sites_form_is_refused(world: Asking, path: str) -> None:
    for origin in ("https://evil.example", "null"):
        answer = got(world, path, method="POST", data={"sql": "SELECT 1"}, headers={"origin": origin})
        assert answer.status_code == 403


def test_another_sites_name_is_refused(world: Asking) -> None:
    assert got(world, "/", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("for_what", "status"), [("document", 200), ("image", 403), ("empty", 403), ("iframe", 403)]
)
def test_another_site_may_link_to_a_page_but_not_load_it(world: Asking, for_what: str, status: int) -> None:
    sent = {"sec-fetch-site": "cross-site", "sec-fetch-dest": for_what}
    assert got(world, "/sync", headers=sent).status_code == status
    assert got(world, "/sync", headers={**sent, "sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/sql", "/login", "/logout"])
def test_a_form_that_a_browser_calls_anothers_is_refused_though_it_names_no_origin(
    world: Asking, path: str
) -> None:
    sent = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}
    assert got(world, path, method="POST", data={"sql": "SELECT 1"}, headers=sent).status_code == 403


def test_where_no_token_is_asked_for_there_is_nothing_to_log_in_to(world: Asking) -> None:
    answer = got(world, "/login")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert got(world, "/login", Rules(TOKEN)).status_code == 200


def test_our_own_form_is_answered(world: Asking) -> None:
    sent = {"origin": "http://127.0.0.1:8000"}
    answer = got(world, "/sql", method="POST", data={"sql": "SELECT 41 + 1 AS n"}, headers=sent)
    assert answer.status_code == 200
    assert '<td class="number">42</td>' in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"sql=" + b"x" * LARGEST, 413), (b"&".join([b"a=b"] * 60), 400), (b"sql=\xff\xfe", 400)],
)
def test_a_form_that_no_page_sends_is_refused(world: Asking, body: bytes, status: int) -> None:
    assert got(world, "/sql", method="POST", content=body).status_code == status


def test_what_a_page_took_is_told(world: Asking) -> None:
    assert got(world, "/sync").headers["server-timing"].startswith("page;dur=")


def test_a_store_of_another_organization_is_a_page_that_says_so(world: Asking) -> None:
    other = world.answers(None, organization="other")

    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get("/")

    answer = spoken(other, talk)
    other.close()
    assert answer.status_code == 503
    assert "this store is a copy of acme" in answer.text


def test_the_audit_log_says_which_page_was_shown_and_not_what_was_typed(world: Asking) -> None:
    secret = "SELECT 'ann@example.com' AS who"

    async def talk(client: httpx.AsyncClient) -> None:
        await client.post("/sql", data={"sql": secret})
        await client.get("/issues/999")
        await client.get("/issues", params={"query": "a OR b"})

    answers = world.answers(None)
    spoken(answers, talk)
    answers.trail.flush()
    last, issue, sql = answers.trail.last(3)
    answers.close()
    assert (sql["who"], sql["what"]) == ("the dashboard over HTTP", "page /sql")
    assert (sql["outcome"], sql["source"]) == ("ok", "local")
    assert (issue["what"], issue["arguments"]) == ("page /issues/{issue_id}", {"issue_id": "999"})
    assert last["arguments"]["query"].startswith("#")
    assert "ann@example.com" not in str([last, issue, sql])
