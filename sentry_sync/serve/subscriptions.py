"""Who wants to be told when a resource changes, in both eras of the protocol, and telling them.

The sync is usually another process, so the store is looked at every other second, while somebody wants to know and
only then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import mcp_types as types
from anyio.abc import TaskGroup
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import INVALID_PARAMS

from sentry_sync.answers.changes import Subject
from sentry_sync.answers.context import Answers
from sentry_sync.serve.resources import parsed

LOOK_SECONDS = 2.0
"""A sync writes several times a second while it reads: telling of each would drown what it is about."""

MOST_ADDRESSES = 200
"""Of one client: a look at so many costs 5 ms."""

SLOW_CLIENT_SECONDS = 5.0
"""How long a client that does not read is waited for before it misses a notice."""

Context = ServerRequestContext[Any, Any]


class Subscriptions:
    """The wishes of all clients of one server's lifespan: of one stdio or SSE client, or of all HTTP clients."""

    def __init__(self, answers: Answers, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._changes = answers.changes()
        self._bus = InMemorySubscriptionBus()
        self._listening = ListenHandler(self._bus)
        self._sessions: dict[Connection, tuple[ServerSession, set[str]]] = {}
        self._wanted: Counter[str] = Counter()
        self._woken = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell of changes until the block ends."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, group)
                yield
                group.cancel_scope.cancel()
        finally:
            self._changes.close()

    def close(self) -> None:
        """End the streams of listening clients, telling them that it was on purpose."""
        self._listening.close()

    async def listen(
        self, context: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Serve one stream of changes (2026-07-28), for as long as the client stays."""
        addresses = _checked(params.notifications.resource_subscriptions or ())
        with self._wanting(addresses):
            return await self._listening(context, params)

    async def subscribe(self, context: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        """Remember that the client of a session (before 2026) wants to be told."""
        connection = _connection(context)
        if connection not in self._sessions:
            self._sessions[connection] = context.session, set()
            connection.exit_stack.callback(self._forget, connection)
        _, addresses = self._sessions[connection]
        if params.uri not in addresses:
            _checked((*addresses, params.uri))
            addresses.add(params.uri)
            self._want(params.uri)
        return types.EmptyResult()

    async def unsubscribe(self, context: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        """Forget it again; what was never subscribed to is no mistake."""
        _, addresses = self._sessions.get(_connection(context), (None, set()))
        if params.uri in addresses:
            addresses.remove(params.uri)
            self._wanted.subtract((params.uri,))
        return types.EmptyResult()

    def _forget(self, connection: Connection) -> None:
        _, addresses = self._sessions.pop(connection)
        self._wanted.subtract(addresses)

    @contextmanager
    def _wanting(self, addresses: Collection[str]) -> Iterator[None]:
        for address in addresses:
            self._want(address)
        try:
            yield
        finally:
            self._wanted.subtract(addresses)

    def _want(self, address: str) -> None:
        self._wanted[address] += 1
        subject = _subject(address)
        if subject:
            self._changes.note(subject)
            self._woken.set()

    def _subjects(self) -> dict[Subject, list[str]]:
        """What is to be watched, and the addresses by which it was asked for; what never changes is left out."""
        self._wanted += Counter()  # drops what nobody wants any more
        found: dict[Subject, list[str]] = {}
        for address in self._wanted:
            subject = _subject(address)
            if subject:
                found.setdefault(subject, []).append(address)
        return found

    async def _watch(self, group: TaskGroup) -> None:
        while True:
            subjects = self._subjects()
            if not subjects:
                self._woken = anyio.Event()
                await self._woken.wait()
                continue
            for subject in self._changes.since_last(subjects):
                for address in subjects[subject]:
                    await self._tell(address, group)
            await anyio.sleep(self._look_seconds)

    async def _tell(self, address: str, group: TaskGroup) -> None:
        await self._bus.publish(ResourceUpdated(uri=address))
        for session, addresses in list(self._sessions.values()):
            if address in addresses:
                group.start_soon(_send, session, address)


async def _send(session: ServerSession, address: str) -> None:
    with anyio.move_on_after(SLOW_CLIENT_SECONDS):
        await session.send_resource_updated(address)


def _subject(address: str) -> Subject | None:
    found = parsed(address)
    if found == "status":
        return Subject("status")
    return found if isinstance(found, Subject) else None


def _checked(addresses: Iterable[str]) -> Collection[str]:
    found = frozenset(addresses)
    if len(found) > MOST_ADDRESSES:
        raise MCPError(INVALID_PARAMS, f"at most {MOST_ADDRESSES} resources can be watched by one client")
    for address in found:
        if parsed(address) is None:
            raise MCPError(INVALID_PARAMS, "there is no such resource to watch", {"uri": address})
    return found


def _connection(context: Context) -> Connection:
    # The SDK offers a connection's exit_stack for cleaning up after it, and handlers no public way to it.
    return context.session._connection
