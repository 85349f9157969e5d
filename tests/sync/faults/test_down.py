"""A server that is down is given up soon; an endpoint that is down costs only what it would have brought."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sentry_sync.sync.run import FINE, Summary
from sentry_sync.sync.streams.hints import EVENTS_NAME, ISSUES_NAME
from tests.support.rig import Rig
from tests.sync.faults.site import BRIEF, TINY, tidy


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, size=TINY, policy=BRIEF)
    yield rig
    rig.close()


def failed(summary: Summary) -> set[str]:
    return {result.stream for result in summary.results if result.state not in FINE}


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[Errno 111] Connection refused"),
        httpx.ReadError("[Errno 104] Connection reset by peer"),
        httpx.ConnectTimeout("timed out"),
        httpx.DecodingError("Error -3 while decompressing data: incorrect header check"),
        httpx.RemoteProtocolError("illegal header line: token sntryu_simulator\r\n"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_cannot_be_had_is_tried_for_two_endpoints_and_the_rest_says_so(
    rig: Rig, error: httpx.RequestError
) -> None:
    tries: list[str] = []

    def refuse(request: httpx.Request) -> None:
        tries.append(request.url.path)
        raise error

    rig.before = refuse
    summary = rig.sync("projects", "issues", "releases")
    assert len(set(tries)) == 2
    assert len(tries) == 10
    # Without a hint there is nothing to look at, whether the server is there or not.
    asking = [result for result in summary.results if result.stream not in {ISSUES_NAME, EVENTS_NAME}]
    assert asking
    assert all(result.state == "failed" for result in asking)
    for result in asking:
        tidy(result.error or "")
    rig.before = lambda request: None
    assert rig.sync("projects", "issues", "releases").ok


@pytest.mark.parametrize("status", [500, 503])
def test_several_streams_of_one_broken_endpoint_do_not_make_the_server_a_broken_one(rig: Rig, status: int) -> None:
    assert rig.sync("issues", "events", "releases").ok
    rig.advance(3600)
    rig.sim.faults.add(path_contains="/acme/events/?", status=status, times=10**6)
    summary = rig.sync("issues", "events", "releases")
    assert {"error_counts", "events"} <= failed(summary)
    assert not {"issues.hot", "issues.sweep", "releases", "release_health", "event_bodies"} & failed(summary)
    rig.sim.faults.clear()
    assert rig.sync("issues", "events", "releases").ok


def test_an_answer_from_the_year_9999_plans_nothing(rig: Rig) -> None:
    rig.headers = lambda request, headers: {**headers, "Date": "Fri, 31 Dec 9999 23:59:59 GMT"}
    assert rig.sync("issues").ok
    assert all(part.end.year == 2026 for part in rig.coverage("issues"))


@pytest.mark.parametrize("hits", ["9" * 5000, "-1", "1e9", "12 rows"])
def test_a_count_of_rows_that_is_none_is_left_alone(rig: Rig, hits: str) -> None:
    rig.headers = lambda request, headers: {**headers, "X-Hits": hits}
    assert rig.sync("issues").ok


@pytest.mark.parametrize("value", ["1e300", "-5", "NaN", "9" * 400, "soon"])
def test_limits_that_are_no_numbers_limit_nothing(rig: Rig, value: str) -> None:
    names = ("Limit", "Remaining", "Reset", "ConcurrentLimit")
    told = {f"X-Sentry-Rate-Limit-{name}": value for name in names if name != "Remaining"}
    rig.headers = lambda request, headers: {**headers, **told, "X-Sentry-Rate-Limit-Remaining": "7"}
    assert rig.sync("issues").ok
