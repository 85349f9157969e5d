from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from sentry_sync.records.delivery import Delivery
from sentry_sync.serve.hooks import FORGED, NO_SECRET, STALE, TOLERANCE, Refused, issue_of, read

SECRET = "0123456789abcdef"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BODY = orjson.dumps({"action": "resolved", "data": {"issue": {"id": "42"}}, "installation": {"uuid": "x"}})


def headers(body: bytes = BODY, at: datetime = NOW, **others: str) -> dict[str, str]:
    return {
        "sentry-hook-resource": "issue",
        "sentry-hook-timestamp": str(int(at.timestamp())),
        "sentry-hook-signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        "request-id": "1" * 32,
        **{name.replace("_", "-"): value for name, value in others.items()},
    }


def refusal(found: Delivery | Refused) -> str:
    assert isinstance(found, Refused)
    return found.outcome


def test_of_a_webhook_only_what_to_look_at_is_taken() -> None:
    found = read(headers(), BODY, SECRET, NOW)
    assert found == Delivery("1" * 32, hashlib.sha256(BODY).hexdigest(), "issue", "resolved", NOW, "42")


def test_the_signature_is_that_of_the_raw_bytes() -> None:
    spaced = BODY.replace(b":", b": ")
    assert read(headers(BODY), spaced, SECRET, NOW) is FORGED
    assert isinstance(read(headers(spaced), spaced, SECRET, NOW), Delivery)


@pytest.mark.parametrize("signature", ["", "0" * 64, "é" * 64, "A" * 64, "0" * 63, "0" * 65])
def test_a_wrong_signature_is_forged_whatever_it_is(signature: str) -> None:
    assert read(headers(sentry_hook_signature=signature), BODY, SECRET, NOW) is FORGED


def test_without_a_secret_nothing_is_believed() -> None:
    assert read(headers(), BODY, None, NOW) is NO_SECRET


@pytest.mark.parametrize("offset", [-TOLERANCE, TOLERANCE])
def test_a_webhook_of_another_time_is_stale(offset: timedelta) -> None:
    assert isinstance(read(headers(at=NOW + offset), BODY, SECRET, NOW), Delivery)
    beyond = offset + (timedelta(seconds=1) if offset > timedelta() else timedelta(seconds=-1))
    assert read(headers(at=NOW + beyond), BODY, SECRET, NOW) is STALE


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "\uff19", "1" * 13])
def test_a_time_that_is_none_is_malformed(stamp: str) -> None:
    assert refusal(read(headers(sentry_hook_timestamp=stamp), BODY, SECRET, NOW)) == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"action": 1}',
        b'{"action": "a b"}',
        b'{"action": "' + b"a" * 41 + b'"}',
    ],
)
def test_a_signed_body_that_is_no_webhook_is_malformed(body: bytes) -> None:
    assert refusal(read(headers(body), body, SECRET, NOW)) == "malformed"


@pytest.mark.parametrize("resource", ["", "Issue", "a" * 41, "issue; DROP TABLE", "é"])
def test_a_resource_that_is_no_name_is_malformed(resource: str) -> None:
    assert refusal(read(headers(sentry_hook_resource=resource), BODY, SECRET, NOW)) == "malformed"


@pytest.mark.parametrize("resource", ["installation", "metric_alert", "seer", "preprod_artifact", "tomorrow.s"])
def test_other_resources_name_no_issue(resource: str) -> None:
    found = read(headers(sentry_hook_resource=resource), BODY, SECRET, NOW)
    assert isinstance(found, Delivery)
    assert (found.issue_id, found.event_wanted) == (None, False)


@pytest.mark.parametrize(
    ("resource", "data", "issue"),
    [
        ("issue", {"issue": {"id": "42"}}, "42"),
        ("issue", {"issue": {"id": 42}}, "42"),
        ("error", {"error": {"issue_id": "7", "event_id": "a" * 32}}, "7"),
        ("event_alert", {"event": {"issue_id": "7"}, "triggered_rule": "x"}, "7"),
        ("activity_alert", {"issue": {"id": "9"}}, "9"),
        ("comment", {"comment": "hello", "issue_id": 11}, "11"),
        ("issue", {"issue": {"id": True}}, None),
        ("issue", {"issue": {"id": "1/../2"}}, None),
        ("issue", {"issue": {"id": "0"}}, None),
        ("issue", {"issue": {"id": "1" * 20}}, None),
        ("issue", {"issue": {"id": ["1"]}}, None),
        ("issue", {"issue": None}, None),
        ("issue", None, None),
        ("issue", [], None),
        ("nothing", {"issue": {"id": "42"}}, None),
    ],
)
def test_an_issue_is_named_by_an_id_that_can_be_one(resource: str, data: Any, issue: str | None) -> None:
    assert issue_of(resource, data) == issue


@pytest.mark.parametrize("resource", ["error", "event_alert"])
def test_what_tells_of_an_event_wants_the_newest_one_looked_at(resource: str) -> None:
    place = "error" if resource == "error" else "event"
    body = orjson.dumps({"action": "created", "data": {place: {"issue_id": "7"}}})
    found = read(headers(body, sentry_hook_resource=resource), body, SECRET, NOW)
    assert isinstance(found, Delivery)
    assert found.event_wanted


@pytest.mark.parametrize("given", ["", "short", "a b" * 10, "x" * 65])
def test_a_request_without_an_id_goes_by_its_body(given: str) -> None:
    found = read(headers(request_id=given), BODY, SECRET, NOW)
    assert isinstance(found, Delivery)
    assert found.request_id == found.digest
