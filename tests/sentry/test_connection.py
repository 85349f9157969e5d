"""What is checked before anything is sent."""

from __future__ import annotations

import pickle

import pytest

from sentry_sync.errors import SettingsError
from sentry_sync.sentry.connection import Connection, Token, is_loopback, origin_of


def base(url: str, allow_http: bool = False) -> str:
    return Connection(url, "token", "acme", allow_http=allow_http).base_url


@pytest.mark.parametrize(
    "url",
    [
        "https://sentry.io",
        "https://sentry.io/",
        "https://sentry.io/api/0",
        "https://sentry.io/api/0/",
        " https://Sentry.IO:443/api/0/ ",
    ],
)
def test_all_spellings_of_a_server_are_one(url: str) -> None:
    assert base(url) == "https://sentry.io"


def test_a_server_below_a_path_keeps_it() -> None:
    assert base("https://example.com/sentry/api/0/") == "https://example.com/sentry"


@pytest.mark.parametrize(
    "url", ["http://localhost:9000", "http://127.0.0.1:8000", "http://[::1]:80", "http://s.localhost"]
)
def test_plain_http_is_fine_to_this_machine(url: str) -> None:
    assert base(url).startswith("http://")


def test_plain_http_elsewhere_is_the_users_decision() -> None:
    with pytest.raises(SettingsError, match="https://"):
        base("http://sentry.internal")
    assert base("http://sentry.internal", allow_http=True) == "http://sentry.internal"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sentry.io",
        "ftp://sentry.io",
        "https://",
        "https://sentry.io:port",
        "https://[bad",
        "https://user:password@sentry.io",
        "https://sentry.io/?a=1",
        "https://sentry.io/#x",
        "https://sentry.io/../x",
        "https://se ntry.io",
        "https://sentry.io\nx",
    ],
)
def test_what_is_no_servers_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        base(url)
    assert "\n" not in str(caught.value)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize("slug", ["", ".", "..", "a/b", "a b", "a?b", "ä", "a" * 101])
def test_an_organization_is_a_slug(slug: str) -> None:
    with pytest.raises(SettingsError, match="slug"):
        Connection("https://sentry.io", "token", slug)


@pytest.mark.parametrize("token", ["", "  ", "to ken", "to\nken", "tokén"])
def test_a_token_is_printable_and_there(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Connection("https://sentry.io", token, "acme")
    assert "ken" not in str(caught.value).replace("token", "")


def test_a_trailing_newline_of_the_token_is_dropped() -> None:
    assert Connection("https://sentry.io", "token\n", "acme").secret == Token("token")


@pytest.mark.parametrize("timeout", [0.0, -1.0, 61.0, float("nan")])
def test_a_timeout_is_between_zero_and_a_minute(timeout: float) -> None:
    with pytest.raises(SettingsError, match="timeout"):
        Connection("https://sentry.io", "token", "acme", timeout=timeout)


def test_the_token_does_not_show_itself() -> None:
    connection = Connection("https://sentry.io", "sntryu_secret", "acme")
    shown = f"{connection!r} {connection} {connection.secret!r} {connection.secret}"
    assert "sntryu_secret" not in shown
    assert connection.secret.reveal() == "sntryu_secret"
    assert hash(connection.secret) == hash(Token("sntryu_secret"))
    assert connection.secret != "sntryu_secret"
    with pytest.raises(TypeError):
        pickle.dumps(connection.secret)


def test_origins_have_no_default_port_and_no_path() -> None:
    assert origin_of("HTTPS://Sentry.IO:443/api/") == "https://sentry.io"
    assert origin_of("http://[::1]:9000/x") == "http://[::1]:9000"


def test_loopback_is_not_what_only_looks_like_it() -> None:
    assert not is_loopback("localhost.example.com")
    assert not is_loopback("127.0.0.1.example.com")
    assert not is_loopback("10.0.0.1")
