"""What a webhook of Sentry's says, and whether it is Sentry that says it. Pure.

Sentry signs the raw body, with the client secret of the integration, and nothing else: not the time, not the id,
which therefore only sort out what comes again. Of the body nothing is believed but the id of an issue, which is
looked up at Sentry.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from sentry_sync.records.delivery import Delivery

TOLERANCE = timedelta(minutes=5)
"""How far a webhook's time may be from ours: clocks differ by seconds, and Sentry stamps each try anew."""

LOOKED_INTO = {
    "issue": "issue",
    "error": "error",
    "event_alert": "event",
    "comment": "",
    "activity_alert": "issue",
}
"""Resources that tell of an issue, and where in ``data`` they do; an empty name is ``data`` itself."""

OF_EVENTS = ("error", "event_alert")

_NAME = re.compile(r"[a-z][a-z_.]{0,39}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_ISSUE_ID = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a webhook is not taken in."""

    status: int
    outcome: str
    """One word, for the count of such."""
    text: str


NO_SECRET = Refused(
    503,
    "no_secret",
    "webhooks are off: set SENTRY_SYNC_WEBHOOK_SECRET to the client secret of the integration in Sentry",
)
FORGED = Refused(
    401, "forged", "the signature is not the body's: is SENTRY_SYNC_WEBHOOK_SECRET the client secret?"
)
STALE = Refused(
    401, "stale", "the webhook's time is too far from this machine's: an old one again, or a wrong clock"
)
TOO_LARGE = Refused(413, "too_large", "the body is larger than any webhook")
TOO_SLOW = Refused(408, "too_slow", "the body did not come in time")
BUSY = Refused(503, "busy", "too much at once: try again")


def _malformed(what: str) -> Refused:
    return Refused(400, "malformed", f"{what}: this is none of Sentry's webhooks")


def read(headers: Mapping[str, str], body: bytes, secret: str | None, now: datetime) -> Delivery | Refused:
    """The delivery, or why it is none. ``headers`` by their names in lower case."""
    if secret is None:
        return NO_SECRET
    if not _is_signed(headers.get("sentry-hook-signature", ""), body, secret):
        return FORGED
    return _untimely(headers.get("sentry-hook-timestamp", ""), now) or _delivery(headers, body, now)


def _untimely(stamp: str, now: datetime) -> Refused | None:
    # isascii: isdigit is true of digits that int() does not take.
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return _malformed("Sentry-Hook-Timestamp is no time")
    return STALE if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds() else None


def _delivery(headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery | Refused:
    resource = headers.get("sentry-hook-resource", "")
    if not _NAME.fullmatch(resource):
        return _malformed("Sentry-Hook-Resource is no name")
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _malformed("the body is not JSON")
    action = message.get("action") if isinstance(message, dict) else None
    if not isinstance(action, str) or not _NAME.fullmatch(action):
        return _malformed("the body has no action")
    issue, digest = issue_of(resource, message.get("data")), hashlib.sha256(body).hexdigest()
    with_event = issue is not None and resource in OF_EVENTS
    return Delivery(_request_id(headers, digest), digest, resource, action, now, issue, with_event)


def issue_of(resource: str, data: Any) -> str | None:
    """The id of the issue that the webhook is about; None where it is about none, or tells none that could be."""
    place = LOOKED_INTO.get(resource)
    if place is None or not isinstance(data, dict):
        return None
    about = data.get(place) if place else data
    if not isinstance(about, dict):
        return None
    found = about.get("id") if place == "issue" else about.get("issue_id")
    text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    return text if _ISSUE_ID.fullmatch(text) else None


def _is_signed(signature: str, body: bytes, secret: str) -> bool:
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(_SIGNATURE.fullmatch(signature)) and hmac.compare_digest(signature, expected)


def _request_id(headers: Mapping[str, str], digest: str) -> str:
    """The sender's id of the request; where it has none, the body's own."""
    given = headers.get("request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else digest
