"""What an answer means: its JSON, or the error of ours that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sentry_sync.errors import (
    AuthFailed,
    BadRequest,
    Forbidden,
    Gone,
    NotFound,
    NotSupported,
    OutsideRetention,
    QueryTimeout,
    RateLimited,
    SchemaDrift,
    SentryError,
    Unavailable,
)
from sentry_sync.sentry.json_body import read_json
from sentry_sync.sentry.server_text import code_of, complaint, one_line

_EVERYWHERE = frozenset({"root", "organization", "projects"})
"""Endpoints that every server of this API has: without them it isn't one."""

_SCOPES = {
    "issues": "event:read",
    "issue": "event:read",
    "update_issue": "event:write",
    "short_id": "event:read",
    "issue_events": "event:read",
    "issue_event": "event:read",
    "project_events": "project:read",
    "project_event": "project:read",
    "releases": "project:releases",
    "release": "project:releases",
    "deploys": "project:releases",
}
"""The scope to add when an endpoint answers 403; org:read where none is named."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as far as its meaning depends on it. ``secret`` is blotted out of whatever it says."""

    status: int
    content_type: str
    body: bytes
    endpoint: str
    server: str
    secret: str = field(default="", repr=False)
    retires: str = ""
    """When the endpoint goes away, as a brownout's headers say it."""
    replacement: str = ""
    """What takes its place then."""

    @property
    def is_json(self) -> bool:
        """Whether it claims to be JSON."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind.endswith(("/json", "+json"))


def interpret(answer: Answer) -> Any:
    """The parsed JSON of a success; raises the SentryError that anything else stands for."""
    if not 200 <= answer.status < 300:
        raise _error(answer)
    if not answer.is_json:
        raise _not_supported(answer)
    if not answer.body:
        raise Unavailable(f"{answer.server} answered {answer.endpoint} with an empty body: try again later")
    try:
        return read_json(answer.body)
    except ValueError as error:
        raise SchemaDrift(
            f"{answer.server} answered {answer.endpoint} with something that is no JSON: "
            "look for a proxy that changes answers, or upgrade sentry-sync"
        ) from error


def _error(answer: Answer) -> SentryError:
    body = _json_or_none(answer) if answer.is_json else None
    said = one_line(complaint(body), answer.secret)
    status = answer.status
    if status in {400, 408} and "timeout" in said.lower().replace("timed out", "timeout"):
        return _query_timeout(answer)
    if status == 400 and "more recent date range" in said.lower():
        return OutsideRetention(f"{answer.server} keeps nothing of the time asked of {answer.endpoint} any more")
    if status in {404, 405, 501} and (body is None or status != 404 or _no_route(said)):
        return _not_supported(answer)
    build = _BY_STATUS.get(status)
    if build is None:
        build = _unavailable if status >= 500 or status == 408 or status < 400 else _bad_request
    if code := code_of(body):
        said = said if code in said else one_line(f"{said} [{code}]")
    return build(answer, f": {said}" if said else "")


def _no_route(said: str) -> bool:
    """Newer Sentry answers a path that it doesn't have with JSON too."""
    said = said.lower()
    return "route not found" in said or "url not found" in said


def _json_or_none(answer: Answer) -> Any:
    try:
        return read_json(answer.body)
    except ValueError:
        return None


def _not_supported(answer: Answer) -> SentryError:
    if answer.endpoint in _EVERYWHERE:
        return NotSupported(
            f"{answer.server} doesn't answer like Sentry (status {answer.status}, {_kind(answer)} for "
            f"{answer.endpoint}): check the URL"
        )
    return NotSupported(
        f"{answer.server} has no {answer.endpoint} endpoint (status {answer.status}, {_kind(answer)})"
    )


def _kind(answer: Answer) -> str:
    if answer.is_json:
        return "JSON"
    return "a web page" if "html" in answer.content_type.lower() else "no JSON"


def _auth_failed(answer: Answer, said: str) -> SentryError:
    return AuthFailed(
        f"{answer.server} refuses the token (401){said}; check that it is whole, not expired, and for this server"
    )


def _forbidden(answer: Answer, said: str) -> SentryError:
    scope = _SCOPES.get(answer.endpoint, "org:read")
    deed = "change an issue" if answer.endpoint == "update_issue" else f"read {answer.endpoint}"
    return Forbidden(f"the token may not {deed} (403){said}; give it the scope {scope}")


def _not_found(answer: Answer, said: str) -> SentryError:
    return NotFound(
        f"{answer.server} has no such {answer.endpoint.replace('_', ' ')}, or hides it from this token (404){said}"
    )


def _gone(answer: Answer, said: str) -> SentryError:
    retires, replacement = one_line(answer.retires, answer.secret), one_line(answer.replacement, answer.secret)
    told = f"; it goes on {retires}" if retires else ""
    told += f", and {replacement} takes its place" if replacement else ""
    return Gone(
        f"{answer.server} is retiring its {answer.endpoint} endpoint (410){said}{told}; try again in some "
        "minutes, and upgrade sentry-sync if it stays away"
    )


def _bad_request(answer: Answer, said: str) -> SentryError:
    return BadRequest(f"{answer.server} refuses the request for {answer.endpoint} ({answer.status}){said}")


def _query_timeout(answer: Answer, _said: str = "") -> SentryError:
    return QueryTimeout(
        f"{answer.server} took too long over {answer.endpoint} ({answer.status}); "
        "ask for a shorter time or fewer projects"
    )


def _rate_limited(answer: Answer, said: str) -> SentryError:
    return RateLimited(
        f"{answer.server} limits the rate of {answer.endpoint} (429){said}; try again in some minutes"
    )


def _unavailable(answer: Answer, said: str) -> SentryError:
    return Unavailable(
        f"{answer.server} could not answer {answer.endpoint} ({answer.status}){said}; try again later"
    )


_BY_STATUS: dict[int, Callable[[Answer, str], SentryError]] = {
    401: _auth_failed,
    403: _forbidden,
    404: _not_found,
    410: _gone,
    429: _rate_limited,
    504: _query_timeout,
}
