"""Every answer that is none, of every endpoint: told in one line, nothing lost, nothing claimed, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from sentry_sync.errors import SentryError
from sentry_sync.sentry.interpret import Answer, interpret
from tests.support.rig import TOKEN
from tests.sync.faults.site import ENDPOINTS, SECRET, WILD, Endpoint, Site, check, tidy

DETAIL = {"detail": f"Refused: {WILD}"}

LIMITED: dict[str, dict[str, Any]] = {
    "window": {
        "status": 429,
        "body": {
            "detail": "You are attempting to use this endpoint too frequently. Limit is 40 requests in 1 seconds"
        },
        "headers": {
            "X-Sentry-Rate-Limit-Limit": "40",
            "X-Sentry-Rate-Limit-Remaining": "0",
            "X-Sentry-Rate-Limit-Reset": "99999999999",
        },
    },
    "concurrency": {
        "status": 429,
        "body": {
            "detail": "You are attempting to go above the allowed concurrency for this endpoint. "
            "Concurrency limit is 25"
        },
    },
    "snuba": {"status": 429},
    "proxy": {"status": 429, "body": "<h1>Slow down</h1>", "headers": {"Retry-After": "1e300"}},
}

ANSWERS: dict[str, dict[str, Any]] = {
    "400 permanent": {"status": 400, "body": DETAIL},
    "400 timeout": {"status": 400},
    "401": {"status": 401, "body": {"detail": {"code": "sso-required", "message": WILD, "extra": {}}}},
    "403": {"status": 403, "body": DETAIL},
    "404": {"status": 404},
    "405 text": {"status": 405, "body": b"Method Not Allowed"},
    "408": {"status": 408},
    "410": {"status": 410},
    "422": {"status": 422, "body": {"detail": [{"loc": ["query", "sort"], "msg": WILD}]}},
    **{f"429 {name}": fault for name, fault in LIMITED.items()},
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "504": {"status": 504},
    "a redirect to another host": {
        "status": 302,
        "body": "",
        "headers": {"Location": f"https://evil.example/{TOKEN}"},
    },
    "a redirect to nowhere": {"status": 302, "body": {"detail": {}}},
    "a redirect that is no address": {"status": 301, "body": "", "headers": {"Location": "http://[::1/\\"}},
    "a login page": {"kind": "html"},
    "no body": {"status": 200, "body": b"", "headers": {"Content-Type": "application/json"}},
    "a number": {"status": 200, "body": 7},
    "JSON of another type": {"kind": "wrong_type"},
    "JSON cut short": {"kind": "bad_json"},
    "a body cut in the middle": {"kind": "cut_body"},
    "silence": {"kind": "hang"},
    "a closed connection": {"kind": "drop"},
}

SHAPES: dict[str, Any] = {
    "detail": {"detail": WILD},
    "detail object": {"detail": {"code": "c0de", "message": WILD, "extra": {"email": SECRET}}},
    "field": {"sort": [WILD], "ctx": SECRET},
    "error": {"error": {"params": {"stats_period": {"message": WILD}}}},
    "message": {"message": WILD, "extra": SECRET},
    "list": {"detail": [{"loc": ["query", "x"], "msg": WILD}]},
    "list of texts": [WILD, WILD],
    "number": 7,
    "null": None,
    "nested": {"detail": {"detail": {"detail": [{"detail": WILD}]}}},
    "HTML": f"<!doctype html><p>{SECRET}</p>",
    "nothing": b"",
    "bytes": b"\x00\xff{",
    "no JSON": "{not json",
}


CORE = (
    *("400 permanent", "401", "403", "404", "410", "429 snuba", "503", "504"),
    *("a redirect to another host", "a login page", "a number", "JSON of another type", "a closed connection"),
)
"""What each endpoint is tried with; the first one with everything."""

CASES = [
    pytest.param(endpoint, answer, id=f"{endpoint.name}: {answer}")
    for place, endpoint in enumerate(ENDPOINTS)
    for answer in (ANSWERS if place == 0 else CORE)
]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Endpoint], Site]]:
    """One world an endpoint; each test leaves it as true as it found it."""
    made: dict[str, Site] = {}

    def site(endpoint: Endpoint) -> Site:
        if endpoint.name not in made:
            made[endpoint.name] = Site.made(tmp_path_factory.mktemp(endpoint.name), endpoint)
        return made[endpoint.name]

    yield site
    for one in made.values():
        one.rig.close()


@pytest.mark.parametrize(("endpoint", "answer"), CASES)
def test_an_answer_that_is_none_is_told_and_harms_nothing(
    sites: Callable[[Endpoint], Site], endpoint: Endpoint, answer: str
) -> None:
    site, fault = sites(endpoint), ANSWERS[answer]
    site.change()
    before = site.knowledge()
    summary = site.broken(**fault)
    state = endpoint.absent if answer == "404" else "failed"
    check(site, summary, before, state=state, limited=fault.get("status") == 429)
    site.mended()


@pytest.mark.parametrize("shape", SHAPES)
def test_whatever_the_body_of_a_refusal_is_the_reason_is_one_tidy_line(
    sites: Callable[[Endpoint], Site], shape: str
) -> None:
    site, body = sites(ENDPOINTS[0]), SHAPES[shape]
    site.change()
    before = site.knowledge()
    headers = {"Content-Type": "application/json"} if shape == "no JSON" else {}
    check(site, site.broken(status=403, body=body, headers=headers), before)


@pytest.mark.parametrize(
    "status", [301, 400, 401, 403, 404, 405, 408, 410, 418, 422, 429, 500, 501, 503, 504, 599]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_status_in_every_shape_is_one_of_our_errors(status: int, shape: str) -> None:
    body = SHAPES[shape]
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
    answer = Answer(status, "application/json", raw, "issues", "sentry.example.com", TOKEN, WILD, WILD)
    with pytest.raises(SentryError) as caught:
        interpret(answer)
    tidy(str(caught.value))
