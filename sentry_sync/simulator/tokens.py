"""Who may ask: bearer tokens with scopes, revoked, expired or held back, refused in Sentry's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ALL_SCOPES = frozenset(
    {
        "org:read", "org:write", "org:ci", "project:read", "project:write", "project:releases", "event:read",
        "event:write", "event:admin", "member:read", "team:read", "alerts:read",
    }
)  # fmt: skip
MISSING = {"detail": "Authentication credentials were not provided."}
UNKNOWN = {"detail": "Invalid token"}
_STATES: dict[str, dict[str, Any]] = {
    "revoked": UNKNOWN,
    "expired": {"detail": "Token expired"},
    "sso": {
        "detail": {
            "code": "sso-required",
            "message": "Must login via SSO",
            "extra": {"loginUrl": "/auth/login/acme/"},
        }
    },
    "member-disabled": {
        "detail": {
            "code": "member-disabled-over-limit",
            "message": "Organization over member limit",
            "extra": {"next": "/organizations/acme/disabled-member/"},
        }
    },
}


@dataclass(slots=True)
class _Token:
    scopes: frozenset[str]
    state: str = "valid"


@dataclass(slots=True)
class Tokens:
    """The tokens a server knows."""

    _known: dict[str, _Token] = field(default_factory=dict)

    def add(self, token: str, scopes: frozenset[str] | set[str] = ALL_SCOPES) -> None:
        """Accept a token with these scopes."""
        self._known[token] = _Token(frozenset(scopes))

    def revoke(self, token: str) -> None:
        """Answer 401 "Invalid token" from now on."""
        self._known[token].state = "revoked"

    def expire(self, token: str) -> None:
        """Answer 401 "Token expired" from now on."""
        self._known[token].state = "expired"

    def require_sso(self, token: str) -> None:
        """Answer 401 with the object detail `sso-required` from now on."""
        self._known[token].state = "sso"

    def disable_member(self, token: str) -> None:
        """Answer 401 with the object detail `member-disabled-over-limit` from now on."""
        self._known[token].state = "member-disabled"

    def judge(self, header: str | None) -> tuple[frozenset[str], dict[str, Any] | None]:
        """The scopes of an Authorization header, or the body of the 401."""
        if not header:
            return frozenset(), MISSING
        scheme, _, token = header.partition(" ")
        known = self._known.get(token.strip())
        if scheme.lower() != "bearer" or known is None:
            return frozenset(), UNKNOWN if scheme.lower() == "bearer" else MISSING
        if known.state != "valid":
            return frozenset(), _STATES[known.state]
        return known.scopes, None
