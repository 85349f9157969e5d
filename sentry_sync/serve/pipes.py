"""Standard input and output as MCP's messages, a line each, read and written on the server's loop.

The SDK's own streams read, write and flush each message in a thread: three hops, which take as long as an answer
does, and longer while the machine is busy. A pipe that is ready needs no thread.
"""

from __future__ import annotations

import os
import select
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import anyio
import mcp_types as types
import orjson
from anyio.lowlevel import checkpoint
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

READ_AT_ONCE = 65_536
"""Bytes: what a pipe holds on Linux."""

WRITTEN_AT_ONCE = 4096
"""Bytes: a pipe that is ready takes so many (PIPE_BUF) without making its writer wait; of more it may."""


def set_aside(fd: int) -> int:
    """A descriptor of our own for what ``fd`` stood for.

    From then on 0 is empty and 1 is stderr: what anything else prints must not come between two messages.
    """
    own = os.dup(fd)
    instead = os.open(os.devnull, os.O_RDONLY) if fd == 0 else os.dup(2)
    os.dup2(instead, fd)
    os.close(instead)
    return own


class _Stream:
    """What the SDK asks of each of its streams beside reading or writing: an end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._closed = False

    async def aclose(self) -> None:
        """No more of it. The descriptor stays: the process ends with it."""
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _check(self) -> None:
        if self._closed:
            raise anyio.ClosedResourceError


class Incoming(_Stream):
    """The messages that come in by a file descriptor; of a line that is none, what is wrong with it."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._read = bytearray()
        self._searched = 0
        """So many of the bytes read are known to hold no end of a line."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def receive(self) -> SessionMessage | Exception:
        """The next one. Raises EndOfStream where there is no more."""
        self._check()
        line = await self._line()
        try:
            return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValidationError as error:
            return error

    async def _line(self) -> str:
        ready = True
        while (end := self._read.find(b"\n", self._searched)) < 0:
            self._searched, ready = len(self._read), False
            await _until(anyio.wait_readable, self._fd)
            read = os.read(self._fd, READ_AT_ONCE)
            if not read:
                return self._taken(len(self._read))
            self._read += read
        if ready:  # many at once: whoever works on the first ones must come to it
            await checkpoint()
        return self._taken(end + 1)

    def _taken(self, length: int) -> str:
        if not length:
            raise anyio.EndOfStream
        line = self._read[:length].decode("utf-8", errors="replace")
        del self._read[:length]
        self._searched = 0
        return line


class Outgoing(_Stream):
    """Messages written to a file descriptor. Whoever reads slowly holds up those who write, and nobody else."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._one_at_a_time = anyio.Lock(fast_acquire=True)
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    async def send(self, item: SessionMessage) -> None:
        """Write all of one. Raises BrokenResourceError when nobody reads any more."""
        self._check()
        left = memoryview(_written(item.message))
        async with self._one_at_a_time:
            try:
                while left:
                    if not self._poll.poll(0):
                        # Whoever wrote half a line writes the other half, even if its question was taken back.
                        with anyio.CancelScope(shield=True):
                            await _until(anyio.wait_writable, self._fd)
                    left = left[os.write(self._fd, left[:WRITTEN_AT_ONCE]) :]
            except OSError as error:
                raise anyio.BrokenResourceError from error


def _written(message: types.JSONRPCMessage) -> bytes:
    """As it goes out. An answer is made of what JSON has, which takes the models a quarter of the time of one."""
    if isinstance(message, types.JSONRPCResponse):
        return orjson.dumps({"jsonrpc": message.jsonrpc, "id": message.id, "result": message.result}) + b"\n"
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"


async def _until(ready: Callable[[int], Awaitable[None]], fd: int) -> None:
    try:
        await ready(fd)
    except PermissionError:  # a plain file, which always is
        await checkpoint()
