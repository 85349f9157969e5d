"""Messages over pipes: whole ones, whatever pieces they come or go in, and nobody waits for a slow reader."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.shared.message import SessionMessage

from sentry_sync.serve.pipes import Incoming, Outgoing

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


@pytest.fixture
def pipe() -> Iterator[tuple[int, Callable[[], None], int]]:
    """The reading end, how the writing one is closed, and the writing end."""
    reading, writing = os.pipe()
    open_ends = {reading, writing}

    def close() -> None:
        open_ends.discard(writing)
        os.close(writing)

    yield reading, close, writing
    for end in open_ends:
        os.close(end)


def answer(text: str) -> SessionMessage:
    return SessionMessage(types.JSONRPCResponse(jsonrpc="2.0", id=7, result={"text": text}))


def read_all(fd: int) -> list[Any]:
    async def run() -> list[Any]:
        with anyio.fail_after(20):
            return [item async for item in Incoming(fd)]

    return anyio.run(run)


def methods(found: list[Any]) -> list[Any]:
    return [
        getattr(item.message, "method", None) if isinstance(item, SessionMessage) else type(item).__name__
        for item in found
    ]


def test_a_message_may_come_in_pieces_and_several_in_one(pipe: tuple[int, Callable[[], None], int]) -> None:
    reading, close, writing = pipe

    def write() -> None:
        for piece in (PING[:9], PING[9:], b"\n" + PING + b"\n" + PING + b"\r\n"):
            os.write(writing, piece)
        close()

    writer = threading.Thread(target=write)
    writer.start()
    assert methods(read_all(reading)) == ["ping"] * 3
    writer.join()


def test_the_last_line_needs_no_end(pipe: tuple[int, Callable[[], None], int]) -> None:
    reading, close, writing = pipe
    os.write(writing, PING)
    close()
    assert methods(read_all(reading)) == ["ping"]


def test_a_line_that_is_no_message_is_told_as_one_and_the_next_one_read(
    pipe: tuple[int, Callable[[], None], int],
) -> None:
    reading, close, writing = pipe
    os.write(writing, b"what?\n\xff\n" + PING + b"\n")
    close()
    assert methods(read_all(reading)) == ["ValidationError", "ValidationError", "ping"]


def test_a_plain_file_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "asked"
    path.write_bytes(PING + b"\n" + PING + b"\n")
    with path.open("rb") as file:
        assert methods(read_all(file.fileno())) == ["ping", "ping"]


def test_answers_far_longer_than_a_pipe_go_out_whole_and_meanwhile_others_work(
    pipe: tuple[int, Callable[[], None], int],
) -> None:
    reading, _, writing = pipe
    texts = [letter * 300_000 for letter in "abc"]
    worked = 0

    async def run() -> list[bytes]:
        nonlocal worked
        outgoing, read = Outgoing(writing), bytearray()
        async with anyio.create_task_group() as group:
            for text in texts:
                group.start_soon(outgoing.send, answer(text))
            with anyio.fail_after(20):
                while read.count(b"\n") < len(texts):
                    # Whoever waits for the pipe lets this go on.
                    worked += 1
                    await anyio.wait_readable(reading)
                    read += os.read(reading, 50_000)
        return bytes(read).splitlines()

    lines = anyio.run(run)
    assert sorted(json.loads(line)["result"]["text"] for line in lines) == texts
    assert worked > len(texts)


def test_a_question_taken_back_leaves_no_half_an_answer(pipe: tuple[int, Callable[[], None], int]) -> None:
    reading, _, writing = pipe

    async def run() -> bytes:
        outgoing, read = Outgoing(writing), bytearray()
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(outgoing.send, answer("x" * 300_000))
                await anyio.sleep(0)
                group.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    while not read.endswith(b"\n"):
                        await anyio.wait_readable(reading)
                        read += os.read(reading, 50_000)
        return bytes(read)

    assert len(json.loads(anyio.run(run))["result"]["text"]) == 300_000


def test_where_nobody_reads_any_more_the_sdk_is_told_so() -> None:
    gone, lost = os.pipe()
    os.close(gone)
    with pytest.raises(anyio.BrokenResourceError):
        anyio.run(Outgoing(lost).send, answer("late"))
    os.close(lost)


def test_what_is_closed_takes_and_gives_nothing(pipe: tuple[int, Callable[[], None], int]) -> None:
    reading, _, writing = pipe

    async def run() -> None:
        async with Incoming(reading) as incoming, Outgoing(writing) as outgoing:
            pass
        with pytest.raises(anyio.ClosedResourceError):
            await incoming.receive()
        with pytest.raises(anyio.ClosedResourceError):
            await outgoing.send(answer("late"))

    anyio.run(run)
