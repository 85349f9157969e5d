"""Who may see the token."""

from __future__ import annotations

import pytest

from sentry_sync.sentry.connection import Connection
from sentry_sync.sentry.origins import Origins


def origins(url: str = "https://sentry.io") -> Origins:
    return Origins(Connection(url, "token", "acme", allow_http=True))


def test_a_region_of_the_same_domain_is_adopted() -> None:
    found = origins()
    assert found.adopt("https://de.sentry.io")
    assert (found.control, found.regional) == ("https://sentry.io", "https://de.sentry.io")
    assert found.allows("https://de.sentry.io/api/0/")
    assert found.allows("https://sentry.io/api/0/")
    assert not found.allows("https://us.sentry.io/api/0/")


def test_a_server_that_is_its_own_region_stays_below_its_path() -> None:
    found = origins("https://example.com/sentry")
    assert found.adopt("https://example.com")
    assert found.regional == "https://example.com/sentry"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sentry.io", "https://sentry.io.evil.com"),
        ("https://sentry.io", "https://evilsentry.io"),
        ("https://sentry.io", "http://us.sentry.io"),
        ("https://sentry.io", "https://us.sentry.io:8443"),
        ("https://sentry.io", "https://us.sentry.io@evil.com"),
        ("https://sentry.io", "https://user@us.sentry.io"),
        ("https://sentry.io", "https://us.sentry.io:x"),
        ("https://sentry.io", "https://a b.sentry.io"),
        ("https://sentry.io", ""),
        ("https://sentry.io", "javascript:alert(1)"),
        ("https://sentry.shop.co.uk", "https://evil.co.uk"),
        ("https://10.0.0.1", "https://10.1.0.1"),
        ("https://10.0.0.1", "https://2.0.0.1"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://localhost:9000", "http://evil.localhost:9000"),
        ("https://sentry", "https://evil.sentry"),
    ],
)
def test_a_region_elsewhere_is_ignored(url: str, region: str) -> None:
    found = origins(url)
    assert not found.adopt(region)
    assert found.regional == url
    assert not region or region.startswith(url) or not found.allows(region)
