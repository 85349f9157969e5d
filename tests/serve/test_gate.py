from __future__ import annotations

from dataclasses import replace

import pytest

from sentry_sync.serve.gate import (
    BURST_SECONDS,
    DELIVERIES,
    PER_MINUTE,
    WRONG_TOKENS,
    Door,
    Gate,
    Knock,
    Refusal,
    Rules,
    is_loopback,
)

TOKEN = "0123456789abcdef"
LOCAL = Knock("127.0.0.1", "127.0.0.1", hosts=("127.0.0.1:8000",))
FAR = Knock("192.0.2.7", "10.0.0.5", hosts=("10.0.0.5:8000",), authorizations=(f"Bearer {TOKEN}",))


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def status(knock: Knock, rules: Rules | None = None, door: Door = Door.GUARDED) -> int | None:
    refusal = Gate(rules or Rules(), Seconds()).refusal(knock, door)
    return refusal.status if refusal else None


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "127.0.0.1", "localhost:9000", "LOCALHOST", "[::1]:8000", "10.0.0.5:8000", "a.example:1"],
)
def test_it_goes_by_the_loopbacks_names_the_address_reached_and_those_set(host: str) -> None:
    rules = Rules(hosts=frozenset({"a.example"}))
    assert status(replace(LOCAL, reached="10.0.0.5", hosts=(host,)), rules) is None


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("evil.example",),
        ("evil.example:8000",),
        ("localhost.evil.example",),
        ("127.0.0.1.evil.example:8000",),
        ("localhost@evil.example",),
        ("evil.example@localhost",),
        ("localhost/",),
        ("localhost:x",),
        ("localhost:99999",),
        ("[::1",),
        ("192.168.0.1:8000",),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
    ],
)
def test_any_other_host_is_refused(hosts: tuple[str, ...]) -> None:
    assert status(replace(LOCAL, hosts=hosts)) == 421


@pytest.mark.parametrize("reached", ["127.0.0.1", "10.0.0.5"])
def test_the_host_is_looked_at_off_the_loopback_too_and_with_the_right_token(reached: str) -> None:
    assert status(replace(FAR, reached=reached, hosts=("evil.example",)), Rules(TOKEN)) == 421


@pytest.mark.parametrize("origin", ["http://localhost:6274", "http://127.0.0.1:8000", "https://[::1]"])
def test_a_page_of_this_machine_may_speak_to_it(origin: str) -> None:
    assert status(replace(LOCAL, origins=(origin,))) is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "file://",
        "http://localhost.evil.example",
        "ftp://localhost",
        "localhost",
    ],
)
def test_a_page_of_any_other_origin_may_not(origin: str) -> None:
    assert status(replace(LOCAL, origins=(origin,))) == 403
    assert status(replace(LOCAL, origins=("http://localhost", origin))) == 403


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Bearer  {TOKEN} "])
def test_the_token_lets_in(authorization: str) -> None:
    assert status(replace(LOCAL, authorizations=(authorization,)), Rules(TOKEN)) is None


@pytest.mark.parametrize(
    "authorizations",
    [
        (),
        ("",),
        (TOKEN,),
        (f"Basic {TOKEN}",),
        (f"Bearer {TOKEN[:-1]}",),
        (f"Bearer {TOKEN}x",),
        ("Bearer",),
        ("Bearer ä",),
    ],
)
def test_nothing_else_does(authorizations: tuple[str, ...]) -> None:
    refusal = Gate(Rules(TOKEN), Seconds()).refusal(replace(LOCAL, authorizations=authorizations))
    assert refusal
    assert refusal.status == 401
    assert dict(refusal.headers)["WWW-Authenticate"].startswith("Bearer ")
    assert TOKEN not in refusal.text


def test_guessing_is_slowed_down_and_the_right_token_still_lets_in() -> None:
    clock = Seconds()
    gate = Gate(Rules(TOKEN), clock)
    wrong = replace(LOCAL, authorizations=("Bearer guess",))
    seen = [gate.refusal(wrong) for _ in range(int(WRONG_TOKENS.burst) + 1)]
    assert [one.status for one in seen if one] == [401] * int(WRONG_TOKENS.burst) + [429]
    assert gate.refusal(replace(LOCAL, authorizations=(f"Bearer {TOKEN}",))) is None
    clock.now += 60 / WRONG_TOKENS.per_minute
    last = gate.refusal(wrong)
    assert last
    assert last.status == 401


def test_an_address_is_told_how_long_to_wait_once_it_asked_too_often() -> None:
    clock = Seconds()
    gate = Gate(Rules(TOKEN), clock)
    let_in = sum(gate.refusal(FAR) is None for _ in range(1000))
    assert let_in == PER_MINUTE * BURST_SECONDS / 60
    refusal = gate.refusal(FAR)
    assert refusal
    assert (refusal.status, dict(refusal.headers)) == (429, {"Retry-After": "1"})
    assert gate.refusal(replace(FAR, client="192.0.2.8")) is None
    clock.now += 1
    assert gate.refusal(FAR) is None


def test_this_machine_is_limited_only_where_the_settings_say_so() -> None:
    free, strict = Gate(Rules(), Seconds()), Gate(Rules(per_minute=60), Seconds())
    assert all(free.refusal(LOCAL) is None for _ in range(1000))
    assert sum(strict.refusal(LOCAL) is None for _ in range(1000)) == 60 * BURST_SECONDS / 60


def test_rules_do_not_show_their_token() -> None:
    assert TOKEN not in repr(Rules(TOKEN))


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost", False),
    ],
)
def test_only_addresses_of_this_machine_alone_are_loopback(address: str, local: bool) -> None:
    assert is_loopback(address) is local


@pytest.mark.parametrize(
    ("door", "found"),
    [(Door.GUARDED, 401), (Door.PAGE, 303), (Door.LOGIN, None), (Door.OPEN, None), (Door.SIGNED, None)],
)
def test_a_token_is_wanted_where_something_can_be_had(door: Door, found: int | None) -> None:
    assert status(replace(FAR, authorizations=()), Rules(TOKEN), door) == found


@pytest.mark.parametrize(
    ("door", "found"),
    [(Door.GUARDED, 421), (Door.PAGE, 421), (Door.LOGIN, 421), (Door.OPEN, None), (Door.SIGNED, None)],
)
def test_only_what_shows_nothing_goes_by_any_name(door: Door, found: int | None) -> None:
    assert status(replace(FAR, hosts=("probe.example",)), Rules(TOKEN), door) == found


def test_a_session_opens_pages_and_nothing_else() -> None:
    gate = Gate(Rules(TOKEN), Seconds())
    cookie = gate.log_in(TOKEN, FAR)
    assert isinstance(cookie, str)
    shown = replace(FAR, authorizations=(), cookies=(f"theme=dark; {cookie.partition(';')[0]}",))
    assert gate.refusal(shown, Door.PAGE) is None
    refused = gate.refusal(shown, Door.GUARDED)
    assert refused
    assert refused.status == 401


def test_whoever_guesses_at_the_login_has_to_wait_as_elsewhere() -> None:
    gate = Gate(Rules(TOKEN), Seconds())
    tries = [gate.log_in("wrong", FAR) for _ in range(int(WRONG_TOKENS.burst) + 1)]
    assert [found.status for found in tries if isinstance(found, Refusal)] == [401] * int(WRONG_TOKENS.burst) + [
        429
    ]


def test_webhooks_have_a_rate_of_their_own() -> None:
    gate = Gate(Rules(per_minute=1), Seconds())
    statuses = [gate.refusal(FAR, Door.SIGNED) for _ in range(int(DELIVERIES.burst) + 1)]
    assert [bool(found) for found in statuses] == [False] * int(DELIVERIES.burst) + [True]
    assert gate.refusal(FAR) is None
