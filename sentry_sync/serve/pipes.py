"""Standard input and output as MCP's lines, read and written on the server's loop.

The SDK's own streams read, write and flush each message in a thread: three hops, which take as long as an answer
does and longer while the machine is busy. A pipe that is ready needs no thread.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import anyio
from mcp.server.stdio import stdio_server

READ_AT_ONCE = 65_536
"""Bytes: what a pipe holds on Linux."""

WRITTEN_AT_ONCE = 4096
"""Bytes: a pipe that is ready takes so many (PIPE_BUF) without making its writer wait; of more it may."""


def streams() -> AbstractAsyncContextManager[Any]:
    """The transport of the SDK over this process's standard input and output.

    Meanwhile file descriptor 0 is empty and 1 is stderr, as with the SDK's own streams: what anything else prints
    must not come between two messages.
    """
    if sys.platform == "win32":  # its pipes can't be waited for
        return stdio_server()
    lines, messages = Lines(_set_aside(0)), Messages(_set_aside(1))
    # Of these files the SDK iterates over one, and calls write and flush of the other.
    return stdio_server(cast("anyio.AsyncFile[str]", lines), cast("anyio.AsyncFile[str]", messages))


def _set_aside(fd: int) -> int:
    """A descriptor of our own for what ``fd`` stood for, which stands for nothing in the way from now on."""
    own = os.dup(fd)
    instead = os.open(os.devnull, os.O_RDONLY) if fd == 0 else os.dup(2)
    os.dup2(instead, fd)
    os.close(instead)
    return own


class Lines:
    """The lines that come in by a file descriptor, in UTF-8."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._read = bytearray()
        self._searched = 0
        """So many of the bytes read are known to hold no end of a line."""

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        while (end := self._read.find(b"\n", self._searched)) < 0:
            self._searched = len(self._read)
            await _ready(anyio.wait_readable, self._fd)
            read = os.read(self._fd, READ_AT_ONCE)
            if not read:
                return self._taken(len(self._read))
            self._read += read
        return self._taken(end + 1)

    def _taken(self, length: int) -> str:
        if not length:
            raise StopAsyncIteration
        line = self._read[:length].decode("utf-8", errors="replace")
        del self._read[:length]
        self._searched = 0
        return line


class Messages:
    """Text written to a file descriptor in UTF-8; whoever reads slowly holds up the writer, and nobody else."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)

    async def write(self, text: str) -> int:
        """Write all of it."""
        left = memoryview(text.encode())
        while left:
            if not self._poll.poll(0):
                await _ready(anyio.wait_writable, self._fd)
            left = left[os.write(self._fd, left[:WRITTEN_AT_ONCE]) :]
        return len(text)

    async def flush(self) -> None:
        """Nothing is kept back."""


async def _ready(wait: Any, fd: int) -> None:
    try:
        await wait(fd)
    except PermissionError:  # a plain file, which is ready always
        await anyio.lowlevel.checkpoint()
