from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from sentry_sync.records.event import Event, EventBody
from sentry_sync.records.issue import IssueRaw, parse_issue
from sentry_sync.store.privacy.erased import Erased
from sentry_sync.store.privacy.persons import ERASED
from sentry_sync.store.privacy.pseudonyms import Pseudonyms
from sentry_sync.store.privacy.rules import chosen
from sentry_sync.store.privacy.scrub import SCRUBBED, Scrubber
from sentry_sync.store.privacy.texts import FILTERED

NOW = datetime(2026, 11, 14, 12, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"k" * 32)
EMAIL = PSEUDONYMS.name("email", "ana@example.org")
EVENT = Event("2", "a" * 32, "17", NOW, "prod", "api@1", "error", "Boom: bad", "/a", "python", "id:7", {"k": "v"})

BODY: dict[str, Any] = {
    "title": "ValueError: no ana@example.org",
    "user": {"id": "7", "email": "ana@example.org", "username": "ana.silva", "ip_address": "203.0.113.9", "geo": {"city": "Berlin"}},
    "tags": [{"key": "user", "value": "email:ana@example.org", "query": 'user.email:"ana@example.org"'}, {"key": "plan", "value": "pro"}],
    "entries": [
        {
            "type": "exception",
            "data": {
                "values": [
                    {
                        "type": "ValueError",
                        "value": "no ana@example.org",
                        "stacktrace": {"frames": [{"function": "f", "vars": {"password": "hunter2", "n": "1", "token_count": 3}}]},
                    }
                ]
            },
        },
        {"type": "breadcrumbs", "data": {"values": [{"message": "GET /?api_key=abc", "data": {"secret": "x"}}]}},
        {
            "type": "request",
            "data": {
                "url": "https://shop.example.com/a?token=abc",
                "query": [["page", "1"], ["token", "abc"]],
                "headers": [["Authorization", "Bearer abc"], ["X-Forwarded-For", "203.0.113.9"], ["Accept", "*/*"]],
                "cookies": [["session", "s3cr3t"], ["theme", "dark"]],
                "data": {"card": "4111111111111111", "note": "hi"},
                "env": {"REMOTE_ADDR": "203.0.113.9"},
            },
        },
    ],
    "contexts": {"trace": {"trace_id": "ab"}},
}  # fmt: skip


def scrubber(**choices: str) -> Scrubber:
    return Scrubber(chosen([(name.replace("__", "."), value) for name, value in choices.items()]), PSEUDONYMS)


def scrubbed(record: Any, erased: Erased | None = None, /, **choices: str) -> Any:
    (found,) = scrubber(**choices).records([record], erased or Erased(PSEUDONYMS))
    return found


def body(erased: Erased | None = None, /, **choices: str) -> Any:
    return scrubbed(EventBody("2", "a" * 32, "17", NOW, BODY, NOW), erased, **choices).body


def test_by_default_secrets_are_filtered_addresses_hashed_and_the_id_kept() -> None:
    found = body()
    user, (exception, breadcrumbs, request) = found["user"], (entry["data"] for entry in found["entries"])
    assert user["id"] == "7"
    assert user["email"] == EMAIL
    assert user["ip_address"] == PSEUDONYMS.name("ip", "203.0.113.9") == request["env"]["REMOTE_ADDR"]
    assert user["geo"] == {"city": "Berlin"}
    assert found["title"] == f"ValueError: no {EMAIL}"
    assert found["tags"] == [{"key": "user", "value": f"email:{EMAIL}"}, {"key": "plan", "value": "pro"}]
    frame = exception["values"][0]["stacktrace"]["frames"][0]
    assert frame["vars"] == {"password": FILTERED, "n": "1", "token_count": 3}
    assert breadcrumbs["values"] == [{"message": f"GET /?api_key={FILTERED}", "data": {"secret": FILTERED}}]
    assert request["url"] == f"https://shop.example.com/a?token={FILTERED}"
    assert request["query"] == [["page", "1"], ["token", FILTERED]]
    assert [value for _, value in request["headers"]] == [FILTERED, user["ip_address"], "*/*"]
    assert request["cookies"] == [["session", FILTERED], ["theme", FILTERED]]
    assert request["data"] == {"card": FILTERED, "note": "hi"}
    assert found[SCRUBBED] is True


@pytest.mark.parametrize(
    "secret", ["hunter2", "api_key=abc", "Bearer abc", "s3cr3t", "4111111111111111", "token=abc"]
)
def test_secrets_do_not_stay_whatever_the_rules_keep(secret: str) -> None:
    kept = dict.fromkeys(scrubber().rules.treatments, "keep")
    found = Scrubber(chosen(kept.items()), PSEUDONYMS).records(
        [EventBody("2", "a" * 32, "17", NOW, BODY, NOW)], Erased(PSEUDONYMS)
    )
    assert secret in str(BODY)
    assert secret not in str(found)
    assert "ana@example.org" in str(found)


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        ("locals", "'n': '1'"),
        ("breadcrumbs", "GET"),
        ("headers", "*/*"),
        ("query", "['page', '1']"),
        ("body", "'note': 'hi'"),
        ("user__geo", "Berlin"),
        ("messages", "no hashed"),
        ("tags", "'pro'"),
        ("emails", EMAIL + "'}]"),
    ],
)
def test_what_is_to_be_dropped_or_hashed_does_not_stay(part: str, gone: str) -> None:
    assert (gone in str(body())) == (part != "emails")
    assert gone not in str(body(**{part: "drop"}))
    if part not in ("emails", "user__geo"):
        assert gone not in str(body(**{part: "hash"}))


def test_a_body_in_which_nothing_is_to_go_is_the_very_same() -> None:
    plain = EventBody("2", "a" * 32, "17", NOW, {"user": {"id": "7"}, "entries": [], "x": [1, None, "a"]}, NOW)
    assert scrubbed(plain) is plain
    assert scrubbed(EVENT) is EVENT


def test_scrubbing_twice_changes_nothing_more() -> None:
    once = replace(
        EVENT, user_key="email:ana@example.org", title="A: ana@example.org", tags={"user": "ip:203.0.113.9"}
    )
    different: list[dict[str, str]] = [
        {},
        {"user__id": "hash", "messages": "hash", "tags": "hash"},
        {"messages": "drop"},
    ]
    for choices in different:
        first = scrubbed(once, **choices)
        assert first != once
        assert scrubbed(first, **choices) == first


def test_scrubbing_a_body_twice_gives_the_very_same() -> None:
    erasing = Erased(PSEUDONYMS, frozenset({"x"}))
    once = scrubbed(EventBody("2", "a" * 32, "17", NOW, BODY, NOW))
    assert scrubbed(once) is once
    assert scrubbed(once, erasing) is once
    gone = replace(EVENT, user_key=ERASED)
    assert scrubbed(gone) is gone


def test_an_id_is_no_card_however_many_digits_it_has() -> None:
    card = "4507000000000000"
    ids = {
        "projectID": card,
        "project": {"id": card},
        "user": {"id": card},
        "tags": [{"key": "order_id", "value": card}],
    }
    plain = EventBody(
        "2", "a" * 32, "17", NOW, {**ids, "permalink": f"https://acme.sentry.io/issues/{card}/"}, NOW
    )
    assert scrubbed(plain) is plain
    assert scrubbed(replace(EVENT, user_key=f"id:{card}")).user_key == f"id:{card}"
    found = scrubbed(replace(plain, body={"number": card, "amount": int(card), "said": f"pay {card}"})).body
    assert {found["number"], found["amount"], found["said"]} == {FILTERED, f"pay {FILTERED}"}


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("id:7", "id:7"),
        ("id:ana@example.org", f"id:{EMAIL}"),
        ("email:Ana@Example.org", f"email:{EMAIL}"),
        ("username:ana", f"username:{PSEUDONYMS.name('username', 'ana')}"),
        ("ana@example.org", EMAIL),
        ("ana silva", f"username:{PSEUDONYMS.name('username', 'ana silva')}"),
    ],
)
def test_the_same_person_has_the_same_key_however_it_is_spelled(key: str, kept: str) -> None:
    assert scrubbed(replace(EVENT, user_key=key)).user_key == kept


def test_names_that_rows_are_told_apart_by_are_hashed_where_others_are_dropped() -> None:
    one, two = (replace(EVENT, transaction=f"GET /u/{name}@example.org") for name in ("ana", "ben"))
    found = scrubber(emails="drop").records([one, two], Erased(PSEUDONYMS))
    assert found[0].transaction != found[1].transaction
    assert "ana" not in found[0].transaction


def test_dropped_tags_are_as_of_an_event_that_came_without() -> None:
    assert scrubbed(EVENT, tags="drop").tags == {}


def test_of_a_raw_row_goes_what_goes_of_its_issue_and_a_members_address_stays() -> None:
    raw = {
        "id": "17", "title": "Boom: password=hunter2", "status": "unresolved", "project": {"id": "2", "slug": "api"},
        "metadata": {"value": "password=hunter2"}, "assignedTo": {"type": "user", "id": "1", "email": "ada@acme.example"},
    }  # fmt: skip
    seen = parse_issue(raw, NOW)
    records = [seen, IssueRaw("17", orjson.dumps(raw), NOW)]
    issue, kept = scrubber().records(records, Erased(PSEUDONYMS))
    assert issue.title == f"Boom: password={FILTERED}"
    assert b"hunter2" not in kept.raw
    assert b"ada@acme.example" in kept.raw
    plain = [
        replace(seen, title="Boom"),
        IssueRaw("17", orjson.dumps({**raw, "title": "B", "metadata": {}}), NOW),
    ]
    assert scrubber().records(plain, Erased(PSEUDONYMS))[1] is plain[1]


# -- whoever was erased -------------------------------------------------------------------


def erased(**names: str) -> Erased:
    return Erased(PSEUDONYMS, frozenset(PSEUDONYMS.memory(kind, value) for kind, value in names.items()))


def test_an_event_of_an_erased_person_arrives_without_them() -> None:
    event = replace(
        EVENT,
        title="no order of 100042",
        user_key="id:100042",
        tags={"user": "id:100042", "customer": "100042", "k": "v"},
    )
    found = scrubbed(event, erased(id="100042"))
    assert (found.user_key, found.title, found.tags) == (
        ERASED,
        f"no order of {FILTERED}",
        {"customer": FILTERED, "k": "v"},
    )
    assert scrubbed(replace(event, user_key="id:100043", tags={}), erased(id="100042")).user_key == "id:100043"


@pytest.mark.parametrize("name", [{"id": "7"}, {"email": "ANA@example.org"}, {"username": "ana.silva"}])
def test_a_body_of_an_erased_person_has_no_user_whichever_name_was_erased(name: dict[str, str]) -> None:
    found = body(erased(**name))
    assert found["user"] is None
    for said in ("ana", "203.0.113.9", EMAIL, "'7'"):
        assert said not in str(found)


def test_an_erased_person_is_taken_out_of_others_texts_too() -> None:
    found = scrubbed(
        replace(EVENT, title="mail to ana@example.org (ana.silva) bounced"),
        erased(email="ana@example.org", username="ana.silva"),
    )
    assert found.title == f"mail to {FILTERED} ({FILTERED}) bounced"


@pytest.mark.parametrize("text", ["mailto:{}", "to:{}:", r"sent\n{}\n", "{}:8080", r"C:\users\{}"])
def test_a_label_or_an_escape_before_a_name_hides_it_not(text: str) -> None:
    person = erased(username="ana.silva")
    assert person.unmentioned(text.format("ana.silva")) == text.format(FILTERED)
    assert person.unmentioned(text.format("ben.silva")) == text.format("ben.silva")
