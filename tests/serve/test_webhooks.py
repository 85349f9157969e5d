"""The endpoint in memory: what each kind of webhook is answered, and that it is written down first."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import orjson
import pytest
from starlette.applications import Starlette

from sentry_sync.errors import StoreBusy
from sentry_sync.records.delivery import Delivery, Taken
from sentry_sync.serve.gate import Door
from sentry_sync.serve.webhooks import LARGEST, MOST_AT_ONCE, PATH, Intake, Webhooks

SECRET = "0123456789abcdef"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BODY = orjson.dumps({"action": "resolved", "data": {"issue": {"id": "42"}}})


class Books:
    """Takes deliveries in memory; ``before`` runs in the writing thread."""

    def __init__(self) -> None:
        self.batches: list[list[Delivery]] = []
        self.counted: Counter[str] = Counter()
        self.nudges = 0
        self.secret: str | None = SECRET
        self.before: Callable[[], None] = lambda: None
        self.patience = 20.0

    def take(self, found: Sequence[Delivery]) -> list[Taken]:
        self.before()
        self.batches.append(list(found))
        return [Taken.ACCEPTED if one.issue_id else Taken.IGNORED for one in found]

    def nudge(self) -> None:
        self.nudges += 1

    def count(self, outcome: str) -> None:
        self.counted[outcome] += 1

    def app(self) -> Starlette:
        endpoint = Webhooks(
            Intake(self.take, self.nudge, self.patience), lambda: self.secret, lambda: NOW, self.count
        )
        wing = endpoint.wing()
        assert wing.door is Door.SIGNED
        return Starlette(routes=list(wing.routes))


@pytest.fixture
def books() -> Books:
    return Books()


def headers(body: bytes, **others: str) -> dict[str, str]:
    return {
        "Sentry-Hook-Resource": "issue",
        "Sentry-Hook-Timestamp": str(int(NOW.timestamp())),
        "Sentry-Hook-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        "Request-ID": "1" * 32,
        **{name.replace("_", "-"): value for name, value in others.items()},
    }


def spoken(books: Books, talk: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        transport = httpx.ASGITransport(books.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://sync") as client:
            return await talk(client)

    return anyio.run(run)


def sent(books: Books, body: bytes = BODY, **others: str) -> httpx.Response:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(PATH, content=body, headers=headers(body, **others))

    found: httpx.Response = spoken(books, talk)
    return found


def test_it_is_written_down_before_it_is_answered_and_the_sync_is_nudged_after(books: Books) -> None:
    books.before = lambda: assert_none_yet(books)
    answer = sent(books)
    assert (answer.status_code, answer.json()) == (202, {"outcome": "accepted"})
    assert [one.issue_id for batch in books.batches for one in batch] == ["42"]
    assert (books.nudges, dict(books.counted)) == (1, {"accepted": 1})


def assert_none_yet(books: Books) -> None:
    assert (books.nudges, books.counted) == (0, Counter())


@pytest.mark.parametrize(
    ("body", "others", "status", "outcome"),
    [
        (BODY, {"Sentry_Hook_Signature": "0" * 64}, 401, "forged"),
        (BODY, {"Sentry_Hook_Timestamp": "1000000000"}, 401, "stale"),
        (b"not json", {}, 400, "malformed"),
        (b" " * (LARGEST + 1), {}, 413, "too_large"),
        (BODY, {"Sentry_Hook_Resource": "seer"}, 202, "ignored"),
    ],
)
def test_each_misuse_has_its_status_is_counted_and_nudges_nobody(
    books: Books, body: bytes, others: dict[str, str], status: int, outcome: str
) -> None:
    answer = sent(books, body, **others)
    assert (answer.status_code, answer.json()["outcome"], dict(books.counted)) == (status, outcome, {outcome: 1})
    assert books.nudges == 0
    assert len(books.batches) == (outcome == "ignored")


def test_a_body_that_does_not_tell_its_length_is_read_no_further_than_it_may_be(books: Books) -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * (LARGEST // 10)

    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(PATH, content=chunks(), headers=headers(b""))

    assert spoken(books, talk).status_code == 413
    assert books.batches == []


def test_without_a_secret_it_says_how_to_set_one_and_reads_no_body(books: Books) -> None:
    books.secret = None
    answer = sent(books)
    assert (answer.status_code, dict(books.counted)) == (503, {"no_secret": 1})
    assert "SENTRY_SYNC_WEBHOOK_SECRET" in answer.json()["detail"]


def test_a_get_is_not_for_this_place(books: Books) -> None:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(PATH)

    assert spoken(books, talk).status_code == 405


def test_a_store_that_cannot_be_written_asks_the_sender_to_come_again(books: Books) -> None:
    def fail() -> None:
        raise StoreBusy("somebody writes")

    books.before = fail
    answer = sent(books)
    assert (answer.status_code, dict(books.counted)) == (503, {"busy": 1})


def test_a_write_that_takes_too_long_is_not_waited_for(books: Books) -> None:
    books.patience = 0.0
    free = threading.Event()
    books.before = lambda: assert_set(free)

    async def talk(client: httpx.AsyncClient) -> int:
        answer = await client.post(PATH, content=BODY, headers=headers(BODY))
        free.set()
        return answer.status_code

    assert spoken(books, talk) == 503


def assert_set(event: threading.Event) -> None:
    assert event.wait(20)


def test_what_comes_while_another_is_written_down_shares_the_next_transaction(books: Books) -> None:
    writing, free = threading.Event(), threading.Event()

    def before() -> None:
        writing.set()
        assert_set(free)

    books.before = before

    async def talk(client: httpx.AsyncClient) -> list[int]:
        statuses: list[int] = []

        async def post(number: int) -> None:
            given = headers(BODY, Request_ID=f"{number:032}")
            statuses.append((await client.post(PATH, content=BODY, headers=given)).status_code)

        async with anyio.create_task_group() as group:
            group.start_soon(post, 0)
            await anyio.to_thread.run_sync(writing.wait)
            for number in range(1, 6):
                group.start_soon(post, number)
            await anyio.wait_all_tasks_blocked()
            free.set()
        return statuses

    assert spoken(books, talk) == [202] * 6
    assert [len(batch) for batch in books.batches] == [1, 5]


def test_too_many_bodies_at_once_are_refused(books: Books) -> None:
    async def talk(client: httpx.AsyncClient) -> list[int]:
        going, statuses = anyio.Event(), []

        async def slow() -> AsyncIterator[bytes]:
            await going.wait()
            yield BODY

        async def post() -> None:
            statuses.append((await client.post(PATH, content=slow(), headers=headers(BODY))).status_code)

        async with anyio.create_task_group() as group:
            for _ in range(MOST_AT_ONCE):
                group.start_soon(post)
            await anyio.wait_all_tasks_blocked()
            refused = await client.post(PATH, content=BODY, headers=headers(BODY))
            going.set()
        return [refused.status_code, *statuses]

    assert spoken(books, talk) == [503, *[202] * MOST_AT_ONCE]


def test_an_integration_that_was_uninstalled_is_a_line_in_the_log(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    body = orjson.dumps({"action": "deleted", "data": {"installation": {"uuid": "x"}}})
    assert sent(books, body, Sentry_Hook_Resource="installation").json() == {"outcome": "ignored"}
    (line,) = caplog.messages
    assert line.startswith("the integration was uninstalled")
