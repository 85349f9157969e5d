"""What a person calls an issue: a numeric id, a short id, or an address copied from the browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from sentry_sync.errors import QuestionError

_NUMBER = re.compile(r"[0-9]{1,19}")
_SHORT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*-[0-9A-Za-z]{1,13}")
_EVENT_ID = re.compile(r"[0-9a-f]{32}")
_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")

HELP = "give a numeric id such as 4711, a short id such as API-1A, or an issue's address in Sentry"


@dataclass(frozen=True, slots=True)
class IssueReference:
    """One of ``issue_id`` and ``short_id``, and the event an address pointed at, if any."""

    issue_id: str | None = None
    short_id: str | None = None
    event_id: str | None = None


def issue_reference(text: str, base_url: str | None, organization: str | None) -> IssueReference:
    """Which issue ``text`` names; raises QuestionError for what names none, or one of another organization."""
    said = text.strip().strip("<>")
    if "://" in said or said.startswith(("www.", "/organizations/", "/issues/")):
        return _from_address(said, base_url, organization)
    found = _named(said.removeprefix("#"))
    if found is None:
        raise QuestionError(f"issue_id names no issue: {HELP}")
    return found


def leads_to(address: str, base_url: str | None) -> bool:
    """Whether an address is one of the server at ``base_url``, or of an organization's name below it, by https."""
    try:
        parts = urlsplit(address)
        if parts.scheme != "https" or parts.username is not None or not base_url:
            return False
        _check_host(parts, base_url, None)
    except (ValueError, QuestionError):
        return False
    return bool(parts.hostname) and parts.port == urlsplit(base_url).port


def _named(said: str) -> IssueReference | None:
    if _NUMBER.fullmatch(said):
        return IssueReference(issue_id=said)
    if _EVENT_ID.fullmatch(said.lower().replace("-", "")):
        raise QuestionError(f"issue_id is an event's id: {HELP}")
    if _SHORT_ID.fullmatch(said):
        return IssueReference(short_id=said.upper())
    return None


def _from_address(said: str, base_url: str | None, organization: str | None) -> IssueReference:
    try:
        parts = urlsplit(said)
    except ValueError:
        raise QuestionError(f"issue_id is not an address: {HELP}") from None
    named = _check_host(parts, base_url, organization)
    segments = [segment for segment in parts.path.split("/") if segment]
    if "organizations" in segments[:-1]:
        named = segments[segments.index("organizations") + 1]
    if named and organization and named.lower() != organization.lower():
        raise QuestionError(
            f"the address is of organization {_quoted(named)}, this is a copy of {_quoted(organization)}"
        )
    if "issues" not in segments[:-1]:
        raise QuestionError(f"the address holds no issue: {HELP}")
    rest = segments[segments.index("issues") + 1 :]
    found = _named(rest[0])
    if found is None:
        raise QuestionError(f"the address holds no issue: {HELP}")
    event = rest[2].lower().replace("-", "") if len(rest) > 2 and rest[1] == "events" else ""
    return IssueReference(found.issue_id, found.short_id, event if _EVENT_ID.fullmatch(event) else None)


def _check_host(parts: SplitResult, base_url: str | None, organization: str | None) -> str | None:
    """The organization that the host's name tells, as in ``acme.sentry.io``; raises for another server."""
    host = (parts.hostname or "").lower()
    home = (urlsplit(base_url).hostname or "").lower() if base_url else ""
    if not host or not home or host in (home, _domain(home)):
        return None
    below = host.removesuffix(f".{_domain(home)}")
    if below == host:
        raise QuestionError(f"the address is of another server than {_quoted(home)}, which this is a copy of")
    return below if "." not in below and not _is_region(below) and organization else None


def _domain(home: str) -> str:
    """The name under which organizations and regions live: ``sentry.io`` for ``us.sentry.io``."""
    first, _, rest = home.partition(".")
    return rest if _is_region(first) and "." in rest else home


def _is_region(label: str) -> bool:
    return label in {"us", "de", "eu", "www"} or bool(re.fullmatch(r"us\d|de\d|eu\d", label))


def _quoted(name: str) -> str:
    return name[:60] if _SLUG.fullmatch(name[:60]) or re.fullmatch(r"[a-z0-9.:-]+", name[:60]) else "another name"
