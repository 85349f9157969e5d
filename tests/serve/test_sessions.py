from __future__ import annotations

import pytest

from sentry_sync.serve.sessions import COOKIE, SECONDS, Sessions


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def sent_back(cookie: str) -> str:
    return cookie.partition(";")[0]


def test_a_session_ends_after_its_day() -> None:
    clock = Seconds()
    sessions = Sessions(clock)
    cookie = sent_back(sessions.begin())
    assert sessions.has([cookie])
    clock.now += SECONDS
    assert not sessions.has([cookie])


def test_another_process_does_not_know_it() -> None:
    assert not Sessions(Seconds()).has([sent_back(Sessions(Seconds()).begin())])


@pytest.mark.parametrize(
    "header",
    [
        "",
        COOKIE,
        f"{COOKIE}=",
        f"{COOKIE}=.",
        f"{COOKIE}=99999999999.00",
        f"{COOKIE}=x.y",
        "\x00=1",
        f"{COOKIE}=é.é",
    ],
)
def test_what_nobody_gave_out_is_none(header: str) -> None:
    assert not Sessions(Seconds()).has([header])


def test_no_script_and_no_other_site_gets_at_it() -> None:
    assert Sessions(Seconds()).begin().endswith("; HttpOnly; SameSite=Strict")
