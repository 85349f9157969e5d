"""What is asked of single events: parsed, as the store looks for it, and in Sentry's own search syntax. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sentry_sync.errors import QuestionError
from sentry_sync.records.event import Event
from sentry_sync.store.privacy.rules import Rules, Treatment
from sentry_sync.store.reads.events import EventFilter

MOST_TAGS = 10
"""Tags an answer filters by: each is another condition on every event looked through."""

USERS = ("id", "email", "username", "ip")
"""What Sentry knows a user by, the first that an event has being its key."""

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_UNSPEAKABLE = re.compile(r"[\\\x00-\x1f]")
"""In a quoted value a backslash escapes, though not everywhere in the same way; lines end a query."""

_ADDRESS = re.compile(r"@|%40|\d\.\d{1,3}\.\d{1,3}\.\d|[23][0-9a-fA-F]{3}:[0-9a-fA-F:]*:")
"""What an e-mail or IP address cannot be without."""

_OWN_ARGUMENT = frozenset({"environment", "release", "user"})
_FIELDS = frozenset(
    {"id", "title", "message", "timestamp", "project", "issue", "culprit", "location", "platform", "type", "has"}
    | {"is", "age", "assigned", "assigned_or_suggested", "bookmarks", "firstRelease", "firstSeen", "lastSeen"}
    | {"timesSeen", "count", "dist", "trace", "device", "error", "stack", "geo", "event", "http", "sdk", "app"}
)
"""Words that mean a field of Sentry's in a search, alone or before a dot: a tag of that name is asked for as
``tags[name]``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter as it was asked for; None and () stand for any."""

    tags: tuple[tuple[str, str], ...] = ()
    environment: str | None = None
    release: str | None = None
    user: tuple[str, str] | None = None
    """What kind of name, one of USERS, and the name."""

    @property
    def anything(self) -> bool:
        """Whether every event is wanted."""
        return self == Wanted()

    @property
    def held(self) -> EventFilter:
        """How the store looks for it."""
        user = ":".join(self.user) if self.user else None
        return EventFilter(self.environment, self.release, user, self.tags)

    @property
    def unlike(self) -> str | None:
        """Why the store would not find the same events as Sentry; None where it would."""
        if any("*" in value for value in (self.release or "", *(value for _, value in self.tags))):
            return "what * stands for is left to Sentry"
        if self.release == "latest":
            return "which release is the latest is left to Sentry"
        if self.user and self.user[0] != "id":
            return "of a user's names the store keeps only the id where there is one"
        if any(_ADDRESS.search(value) for value in (*(value for _, value in self.tags), *(self.user or ())[1:])):
            return "e-mail and IP addresses may have been scrubbed from the copy: they are left to Sentry"
        return None

    def scrubbed(self, rules: Rules) -> str | None:
        """Why the store, scrubbed by ``rules``, would not find the same events as Sentry; None where it would."""
        if self.user and rules.of("user.id") is not Treatment.KEEP:
            return "ids of users are not kept in the copy: they are left to Sentry"
        if self.tags and rules.of("tags") is Treatment.HASH:
            return "values of tags are not kept in the copy: they are left to Sentry"
        return None

    @property
    def query(self) -> str | None:
        """Sentry's search for it, the environment apart, which is a parameter; None for what it cannot say."""
        terms = [(_searched(name), value) for name, value in self.tags]
        terms += [("release", self.release)] if self.release is not None else []
        terms += [(f"user.{self.user[0]}", self.user[1])] if self.user else []
        if any(_UNSPEAKABLE.search(value) for _, value in terms):
            return None
        return " ".join(f'{name}:"{_quoted(value)}"' for name, value in terms)

    def fits(self, event: Event) -> bool:
        """Whether an event is wanted, as the store understands the filter."""
        held = self.held
        return (
            held.environment in (None, event.environment)
            and held.release in (None, event.release)
            and held.user_key in (None, event.user_key)
            and all(event.tags.get(name) == value for name, value in held.tags)
        )


def wanted(
    tags: Sequence[str] = (), environment: str | None = None, release: str | None = None, user: str | None = None
) -> Wanted:
    """The filter in the words of a caller; raises QuestionError for what cannot be asked."""
    if len(tags) > MOST_TAGS:
        raise QuestionError(f"tag takes at most {MOST_TAGS} tags")
    return Wanted(tuple(_tag(tag) for tag in tags), environment, release, _user(user) if user else None)


def _tag(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not value or not _KEY.fullmatch(name):
        raise QuestionError("tag must be a tag's name, a colon and its whole value, such as browser:Chrome 120")
    if name in _OWN_ARGUMENT:
        raise QuestionError(f"{name} is an argument of its own: give it there, not as a tag")
    return name, value


def _user(text: str) -> tuple[str, str]:
    kind, colon, value = text.partition(":")
    if not colon or not value or kind not in USERS:
        forms = ", ".join(f"{name}:…" for name in USERS)
        raise QuestionError(f"user must say what the name is: one of {forms}")
    return kind, value


def _searched(name: str) -> str:
    return f"tags[{name}]" if name.partition(".")[0] in _FIELDS else name


def _quoted(value: str) -> str:
    return value.replace('"', '\\"')
