"""An open page is told that something changed, and nothing of what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from sentry_sync.answers.changes import Subject
from sentry_sync.serve.dashboard.live import CHANGED, MOST, MOST_OF_ONE, RETRY, Live
from tests.answers.desk import Asking
from tests.serve.dashboard.conftest import spoken
from tests.support.rows import issue, project

OFTEN = 0.01
ISSUE = Subject("issue", "17")


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path)
    asking.fill([project("2", "api"), issue(), issue(id="18", short_id="API-I")])
    yield asking
    asking.close()


def told(asking: Asking, subject: Subject, change: Any) -> list[str]:
    """What a page hears of which the subject changes once it is open."""

    async def run() -> list[str]:
        live = Live(asking.offline, OFTEN)
        stream = live.stream(subject, "a")
        heard = [await anext(stream)]

        async def listen() -> None:
            heard.append(await anext(stream))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(listen)
                asking.fill([change])
        live.close()
        return [*heard, *[rest async for rest in stream]]

    return anyio.run(run)


def test_a_page_hears_that_its_issue_changed(asking: Asking) -> None:
    assert told(asking, ISSUE, issue(title="another: <title>", count=99)) == [
        RETRY,
        "event: changed\ndata: issue\n\n",
    ]


def test_a_page_that_is_opened_beside_another_hears_what_changes_from_then_on(asking: Asking) -> None:
    async def run() -> str:
        live = Live(asking.offline, OFTEN)
        first, second = live.stream(ISSUE, "a"), live.stream(Subject("issue", "18"), "a")
        await anext(first)
        await anext(second)
        asking.fill([issue(id="18", short_id="API-I", title="another")])
        with anyio.fail_after(20):
            heard = await anext(second)
        live.close()
        for stream in (first, second):
            assert [rest async for rest in stream] == []
        return heard

    assert anyio.run(run) == "event: changed\ndata: issue\n\n"


def test_no_page_can_be_told_beyond_a_bound(asking: Asking) -> None:
    async def run() -> list[bool]:
        live = Live(asking.offline, OFTEN)
        people = [f"{number % 5}" for number in range(MOST)]
        streams = [live.stream(ISSUE, who) for who in people]
        found = []
        for who, stream in zip(people, streams, strict=True):
            found.append(live.full(who))
            await anext(stream)
        found.append(live.full("another"))
        live.close()
        for stream in streams:
            assert [rest async for rest in stream] == []
        return found

    found = anyio.run(run)
    assert found == [False] * MOST + [True]


def test_nobody_takes_the_room_of_all_others(asking: Asking) -> None:
    async def run() -> list[bool]:
        live = Live(asking.offline, OFTEN)
        streams = [live.stream(ISSUE, "greedy") for _ in range(MOST_OF_ONE)]
        for stream in streams:
            await anext(stream)
        found = [live.full("greedy"), live.full("another")]
        await streams.pop().aclose()
        found.append(live.full("greedy"))
        live.close()
        for stream in streams:
            assert [rest async for rest in stream] == []
        return found

    assert anyio.run(run) == [True, False, False]


@pytest.mark.parametrize("query", ["kind=user", "kind=issue", f"kind=release&name={'x' * 501}"])
def test_there_is_nothing_else_to_be_told_of(asking: Asking, query: str) -> None:
    async def talk(client: Any) -> int:
        return int((await client.get(f"/live?{query}")).status_code)

    assert spoken(asking.offline, talk) == 400


def test_of_what_changed_only_the_kind_is_told() -> None:
    assert CHANGED.format("issue") == "event: changed\ndata: issue\n\n"
