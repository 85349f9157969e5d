"""News of changes: the store is written to behind the server's back, and whoever asked is told, in both eras."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.shared.subscriptions import ResourceUpdated

from sentry_sync.records.schedule import AWAY, Rest
from sentry_sync.serve.server import build
from sentry_sync.serve.subscriptions import MOST_ADDRESSES, Subscriptions
from tests.answers.desk import NOW, Asking
from tests.support.rows import issue, project

ISSUE, OTHER, STATUS = "sentry-sync://issue/API-H", "sentry-sync://issue/18", "sentry-sync://status"
OFTEN = 0.001


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path)
    asking.fill([project("2", "api"), issue(), issue(id="18", short_id="API-I")])
    yield asking
    asking.close()


def resolved(asking: Asking, key: str, minutes: int = 1) -> None:
    short_id = {"17": "API-H", "18": "API-I"}[key]
    row = replace(issue(id=key, short_id=short_id), status="resolved", count=minutes)
    asking.fill([replace(row, verified_at=NOW + timedelta(minutes=minutes))])


def conversation(
    asking: Asking,
    talk: Callable[[Client], Awaitable[Any]],
    told: set[Subscriptions] | None = None,
    every: float = OFTEN,
    **options: Any,
) -> Any:
    async def run() -> Any:
        with anyio.fail_after(20):
            async with Client(build(asking.offline, told, every), **options) as client:
                return await talk(client)

    return anyio.run(run)


async def subscribe(client: Client, uri: str) -> None:
    """As clients of the older era do: the SDK's own method warns that it is of that era."""
    request = types.SubscribeRequest(params=types.SubscribeRequestParams(uri=uri))
    await client.session.send_request(request, types.EmptyResult)


async def unsubscribe(client: Client, uri: str) -> None:
    request = types.UnsubscribeRequest(params=types.UnsubscribeRequestParams(uri=uri))
    await client.session.send_request(request, types.EmptyResult)


async def news(heard: Any) -> str:
    """The address in the next event of a stream."""
    event = await anext(aiter(heard))
    assert isinstance(event, ResourceUpdated)
    return event.uri


def test_a_listening_client_hears_of_the_issue_it_named_and_of_no_other(asking: Asking) -> None:
    async def talk(client: Client) -> list[str]:
        async with client.listen(resource_subscriptions=[ISSUE, STATUS]) as heard:
            resolved(asking, "18")
            resolved(asking, "17", 1)
            first = await news(heard)
            resolved(asking, "17", 2)
            return [first, await news(heard)]

    assert conversation(asking, talk) == [ISSUE, ISSUE]


def test_a_listening_client_hears_of_a_sync(asking: Asking) -> None:
    async def talk(client: Client) -> str:
        async with client.listen(resource_subscriptions=[STATUS]) as heard:
            asking.rig.sync("projects")
            return await news(heard)

    assert conversation(asking, talk) == STATUS


def test_a_listening_client_hears_of_a_rest(asking: Asking) -> None:
    async def talk(client: Client) -> str:
        async with client.listen(resource_subscriptions=[STATUS]) as heard:
            asking.write(lambda uow: uow.rest(Rest(NOW + timedelta(minutes=10), AWAY)))
            return await news(heard)

    with asking.rig.store.syncing():
        assert conversation(asking, talk) == STATUS


def test_what_changes_before_the_next_look_is_heard_of_too(asking: Asking) -> None:
    async def talk(client: Client) -> str:
        async with (
            client.listen(resource_subscriptions=[OTHER]),
            client.listen(resource_subscriptions=[ISSUE]) as heard,
        ):
            # The server has looked when the first one came, and does not look again so soon.
            resolved(asking, "17")
            return await news(heard)

    assert conversation(asking, talk, every=0.3) == ISSUE


class Ear:
    """What a client of the older era is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._rung = anyio.Event()

    async def __call__(self, message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            self.heard.append(str(message.params.uri))
            self._rung.set()

    async def next(self) -> str:
        await self._rung.wait()
        self._rung = anyio.Event()
        return self.heard[-1]


def test_a_session_of_the_older_era_hears_while_it_wants_to(asking: Asking) -> None:
    ear = Ear()

    async def talk(client: Client) -> list[str]:
        await subscribe(client, ISSUE)
        await subscribe(client, OTHER)
        resolved(asking, "17", 1)
        first = await ear.next()
        await unsubscribe(client, ISSUE)
        await unsubscribe(client, "sentry-sync://queries")
        resolved(asking, "17", 2)
        resolved(asking, "18", 2)
        second = await ear.next()
        await subscribe(client, ISSUE)
        resolved(asking, "17", 3)
        return [first, second, await ear.next()]

    assert conversation(asking, talk, mode="legacy", message_handler=ear) == [ISSUE, OTHER, ISSUE]
    assert ear.heard == [ISSUE, OTHER, ISSUE]


def test_the_subscriptions_of_a_client_that_left_are_forgotten(asking: Asking) -> None:
    told: set[Subscriptions] = set()
    kept: list[Subscriptions] = []

    async def talk(client: Client) -> None:
        await subscribe(client, ISSUE)
        (found,) = told
        assert (len(found._sessions), found._wanted[ISSUE]) == (1, 1)
        kept.append(found)

    conversation(asking, talk, told, mode="legacy")
    assert told == set()
    assert (len(kept[0]._sessions), kept[0]._wanted[ISSUE]) == (0, 0)


def test_a_stream_that_the_server_ends_ends_for_the_client_too(asking: Asking) -> None:
    told: set[Subscriptions] = set()

    async def talk(client: Client) -> list[Any]:
        async with client.listen(resource_subscriptions=[ISSUE]) as heard:
            for subscriptions in told:
                subscriptions.close()
            return [event async for event in heard]

    assert conversation(asking, talk, told) == []


@pytest.mark.parametrize("uri", ["sentry-sync://nothing", "file:///etc/passwd"])
def test_what_is_no_resource_cannot_be_watched(asking: Asking, uri: str) -> None:
    async def talk(client: Client) -> None:
        with pytest.raises(MCPError, match="no such resource to watch"):
            await subscribe(client, uri)

    conversation(asking, talk, mode="legacy")


def test_one_client_cannot_watch_everything(asking: Asking) -> None:
    many = [f"sentry-sync://issue/{number}" for number in range(MOST_ADDRESSES + 1)]

    async def listening(client: Client) -> None:
        with pytest.raises(MCPError, match=f"at most {MOST_ADDRESSES}"):
            async with client.listen(resource_subscriptions=many):
                pass

    async def subscribing(client: Client) -> None:
        for uri in many[1:]:
            await subscribe(client, uri)
        with pytest.raises(MCPError, match=f"at most {MOST_ADDRESSES}"):
            await subscribe(client, many[0])

    conversation(asking, listening)
    conversation(asking, subscribing, mode="legacy")


def test_what_never_changes_may_be_watched_all_the_same(asking: Asking) -> None:
    async def talk(client: Client) -> str:
        async with client.listen(resource_subscriptions=["sentry-sync://schema", ISSUE]) as heard:
            resolved(asking, "17")
            return await news(heard)

    assert conversation(asking, talk) == ISSUE
