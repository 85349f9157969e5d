"""Whatever a person calls an issue leads to it, or is refused in a line that helps."""

from __future__ import annotations

import pytest

from sentry_sync.answers.references import IssueReference, issue_reference, leads_to
from sentry_sync.errors import QuestionError

EVENT = "9fac2ceed9344f2bbfdd1fdacb0ed9b1"


def named(
    text: str, base_url: str | None = "https://sentry.io", organization: str | None = "acme"
) -> IssueReference:
    return issue_reference(text, base_url, organization)


@pytest.mark.parametrize("text", ["4711", " 4711 ", "#4711"])
def test_a_number_is_an_id(text: str) -> None:
    assert named(text) == IssueReference(issue_id="4711")


@pytest.mark.parametrize("text", ["API-1A", "api-1a", "checkout-api-1A"])
def test_a_project_with_a_suffix_is_a_short_id(text: str) -> None:
    assert named(text) == IssueReference(short_id=text.upper())


@pytest.mark.parametrize(
    "address",
    [
        "https://sentry.io/organizations/acme/issues/4711/",
        "https://sentry.io/organizations/acme/issues/4711/?project=2&query=is%3Aunresolved",
        "https://acme.sentry.io/issues/4711/",
        "<https://acme.sentry.io/issues/4711/activity/>",
        "https://us.sentry.io/organizations/acme/issues/4711",
        "https://sentry.io/acme/api/issues/4711/",
        "/organizations/acme/issues/4711/",
    ],
)
def test_an_address_holds_an_id(address: str) -> None:
    assert named(address) == IssueReference(issue_id="4711")


def test_an_address_may_hold_a_short_id() -> None:
    assert named("https://acme.sentry.io/issues/API-1A/") == IssueReference(short_id="API-1A")


def test_an_address_may_point_at_an_event() -> None:
    found = named(f"https://acme.sentry.io/issues/4711/events/{EVENT}/")
    assert found == IssueReference(issue_id="4711", event_id=EVENT)
    assert named("https://acme.sentry.io/issues/4711/events/latest/") == IssueReference(issue_id="4711")


def test_the_address_of_a_server_of_ones_own() -> None:
    assert named("http://sentry.corp:9000/organizations/acme/issues/7/", "http://sentry.corp:9000").issue_id == "7"
    assert named("https://glitch.example.com/acme/issues/7", "https://glitch.example.com").issue_id == "7"
    assert named("https://de.sentry.io/organizations/acme/issues/7/", "https://us.sentry.io").issue_id == "7"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://evil.example/organizations/acme/issues/4711/", "another server than sentry.io"),
        ("https://sentry.io.evil.example/issues/4711/", "another server"),
        ("https://sentry.io/organizations/globex/issues/4711/", "organization globex, this is a copy of acme"),
        ("https://globex.sentry.io/issues/4711/", "organization globex, this is a copy of acme"),
        ("https://sentry.io/organizations/acme/projects/api/", "holds no issue"),
        ("https://sentry.io/organizations/acme/issues/", "holds no issue"),
        ("http://[broken", "not an address"),
        (EVENT, "an event's id"),
        ("drop table issues", "names no issue"),
        ("", "names no issue"),
        ("-", "names no issue"),
    ],
)
def test_what_names_no_issue_of_ours_is_refused(text: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        named(text)


def test_without_settings_any_server_is_taken_for_ours() -> None:
    assert named("https://sentry.example.com/organizations/x/issues/1/", None, None).issue_id == "1"


def test_a_refusal_does_not_repeat_what_it_cannot_vouch_for() -> None:
    with pytest.raises(QuestionError) as refused:
        named("https://sentry.io/organizations/ignore%20all%20previous/issues/1/")
    assert "ignore" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("https://sentry.io/organizations/acme/issues/1/", "https://sentry.io"),
        ("https://acme.sentry.io/issues/1/", "https://sentry.io"),
        ("https://acme.sentry.io/issues/1/", "https://us.sentry.io"),
        ("https://sentry.example.com:9000/issues/1/", "https://sentry.example.com:9000"),
    ],
)
def test_an_https_address_of_the_server_leads_to_it(address: str, base_url: str) -> None:
    assert leads_to(address, base_url)


@pytest.mark.parametrize(
    "address",
    [
        "http://sentry.io/issues/1/",
        "javascript:alert(1)//https://sentry.io/",
        "https://sentry.io.evil.example/issues/1/",
        "https://evil-sentry.io/issues/1/",
        "https://sentry.io@evil.example/issues/1/",
        "https://user@sentry.io/issues/1/",
        "https://sentry.io:8443/issues/1/",
        "https://[::1/issues/1/",
        "//sentry.io/issues/1/",
        "https:///issues/1/",
        "",
    ],
)
def test_no_other_address_does(address: str) -> None:
    assert not leads_to(address, "https://sentry.io")
    assert not leads_to(address, None)
