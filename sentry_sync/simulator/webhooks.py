"""Webhooks as Sentry's integration platform sends them: what changed in the world, signed, soon after it did.

`Watch` compares the world with how it was at the last look; `Sender` is the thread that looks and posts.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import orjson

from .api import issue_rows
from .world.issues import Issue
from .world.world import World

LOOK_SECONDS = 0.05
"""How soon a change is seen: Sentry's own workers take about a second."""

PATIENCE_SECONDS = 1.0
"""For an answer. Sentry gives up after so long, too."""

MOST_AT_ONCE = 100
"""Of one look: who advances the clock by a day wants no ten thousand posts."""

_INSTALLATION = {"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"}
_ACTIONS = {"resolved": "resolved", "unresolved": "unresolved", "ignored": "archived"}


@dataclass(frozen=True, slots=True)
class Webhook:
    """One message: the `Sentry-Hook-Resource` header, and the body."""

    resource: str
    body: bytes

    def headers(self, secret: str, now: float) -> dict[str, str]:
        """The headers of one try to deliver it."""
        return {
            "Content-Type": "application/json",
            "Request-ID": uuid.uuid4().hex,
            "Sentry-Hook-Resource": self.resource,
            "Sentry-Hook-Timestamp": str(int(now)),
            "Sentry-Hook-Signature": hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest(),
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    status: str
    assigned_to: Any
    events: int


class Watch:
    """What has changed since the last look."""

    def __init__(self, world: World) -> None:
        self._version = world.version
        self._seen = {issue.id: _seen(issue) for issue in world.issues.values()}

    def changes(self, world: World) -> Iterator[Webhook]:
        """A webhook for each issue that began, was decided about or had an event; none for one that went."""
        if world.version == self._version:
            return
        self._version = world.version
        for issue in list(world.issues.values()):
            now, before = _seen(issue), self._seen.get(issue.id)
            if now == before:
                continue
            self._seen[issue.id] = now
            if before is None:
                yield _about_issue(world, issue, "created")
                before = _Seen(now.status, now.assigned_to, 0)
            if now.status != before.status and now.status in _ACTIONS:
                yield _about_issue(world, issue, _ACTIONS[now.status])
            if now.assigned_to != before.assigned_to and now.assigned_to:
                yield _about_issue(world, issue, "assigned")
            if now.events > before.events:
                yield _about_event(world, issue)


def _seen(issue: Issue) -> _Seen:
    return _Seen(issue.status, issue.assigned_to, issue.count)


def _about_issue(world: World, issue: Issue, action: str) -> Webhook:
    row = issue_rows.base(world, issue) | issue_rows.counters(world, issue, issue.events)
    return _webhook("issue", action, {"issue": row})


def _about_event(world: World, issue: Issue) -> Webhook:
    event = {
        "event_id": world.event_id(issue.events[-1]),
        "issue_id": issue.id,
        "title": issue_rows.base(world, issue)["title"],
        "timestamp": issue.last_seen.timestamp(),
    }
    return _webhook("error", "created", {"error": event})


def _webhook(resource: str, action: str, data: dict[str, Any]) -> Webhook:
    actor = {"type": "application", "id": "sentry", "name": "Sentry"}
    message = {"action": action, "actor": actor, "data": data, "installation": _INSTALLATION}
    return Webhook(resource, orjson.dumps(message))


class Sender:
    """Posts what changes, from a thread of its own, until it is stopped."""

    def __init__(self, url: str, secret: str, current: Callable[[], AbstractContextManager[World]]) -> None:
        self._url = url
        self._secret = secret
        self._current = current
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self.statuses: list[int] = []
        """What each webhook was answered; 0 for no answer."""

    def start(self) -> None:
        """Begin: what changes from now on is told."""
        with self._current() as world:
            self._watch = Watch(world)
        self._thread.start()

    def stop(self) -> None:
        """End, after the post that is under way."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with self._current() as world:
                found = list(self._watch.changes(world))
            for webhook in found[:MOST_AT_ONCE]:
                if self._stopping.is_set():
                    return
                self.statuses.append(self._post(webhook))

    def _post(self, webhook: Webhook) -> int:
        request = urllib.request.Request(  # noqa: S310 (where the user said)
            self._url, webhook.body, webhook.headers(self._secret, time.time())
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code
        except OSError:
            return 0
