"""SQL that somebody wrote, run in a process of its own that ends with it, or is ended.

Whatever a statement does to its process, it is gone with the answer: nothing is left for the next one. The process
knows no token, since its environment holds none, and what it says is read as JSON.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

import sentry_sync
from sentry_sync import errors
from sentry_sync.errors import QueryError, SentrySyncError, StoreError
from sentry_sync.store.paths import StorePaths

ROWS = 1_000
"""Rows of an answer unless asked otherwise: more than anyone reads, few enough to print."""

SECONDS = 30.0
"""How long a statement may work, loading included: ten times what the slowest of the library takes."""

MEMORY = 1_000_000_000
"""Bytes for DuckDB: ten million events are grouped in a third of it."""

BYTES = 64_000_000
"""Of an answer as JSON: a hundred thousand rows of a few columns."""

PATIENCE = 4.0
"""Seconds beyond its own time until the process is killed: it interrupts itself first, and kills itself next."""

_KEPT = ("PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT")
"""Variables the process is given: what Python needs to start, and no secret."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a statement may go."""

    rows: int = ROWS
    seconds: float = SECONDS
    memory: int = MEMORY
    bytes: int = BYTES


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement gave, JSON-ready. Text in its rows was written by strangers."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    truncated: bool
    """There were more rows than the limit of rows or bytes."""
    cut: bool
    """It was the limit of bytes."""
    ms: float
    notes: list[str]
    tables: dict[str, str | None]
    """Those read that come from Sentry, and when each was true; None for one that never was read whole."""
    complete: bool
    """Whether each of them is known without a gap, and none of their rows was set aside."""


class Apart:
    """Runs statements, each in a process of its own. Safe to share between threads.

    With ``ahead`` a process is started before it is needed, so that no statement waits for DuckDB to load.
    """

    def __init__(self, *, ahead: bool = False) -> None:
        self._ahead = ahead
        self._spare: subprocess.Popen[bytes] | None = None
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._mutex = threading.Lock()

    def ask(
        self,
        paths: StorePaths,
        statement: str,
        limits: Limits,
        gone: Callable[[], bool] = lambda: False,
        *,
        parameters: Mapping[str, object] | None = None,
    ) -> Told:
        """The statement's answer; blocks. ``gone`` says that nobody waits any more.

        ``parameters`` are values for ``$name`` in it; times arrive as text, which the statement casts.

        Raises QueryError in one line for a statement that is refused, mistaken or too much work, and StoreMissing
        or another StoreError where there is no store to ask.
        """
        question = _question(paths, statement, limits, parameters or {})
        process = self._take()
        try:
            said = _converse(process, question, limits.seconds + PATIENCE, gone)
        finally:
            _end(process)
            with self._mutex:
                self._running.discard(process)
            self._prepare()
        if "error" in said:
            raise _error(said["error"], said["text"])
        return Told(**said)

    def close(self) -> None:
        """End every process."""
        with self._mutex:
            self._closed = True
            mine = [process for process in (self._spare, *self._running) if process]
            self._spare = None
        for process in mine:
            _end(process)

    def _take(self) -> subprocess.Popen[bytes]:
        with self._mutex:
            process, self._spare = self._spare, None
            if process is None or process.poll() is not None:
                process = _start()
            self._running.add(process)
            return process

    def _prepare(self) -> None:
        with self._mutex:
            if self._ahead and not self._closed and self._spare is None:
                self._spare = _start()


def _start() -> subprocess.Popen[bytes]:
    package = str(Path(sentry_sync.__file__).parent.parent)
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # glibc sets 64 MB of addresses aside for each thread, which would count against the limit.
    environment["MALLOC_ARENA_MAX"] = "1"
    environment["PYTHONPATH"] = os.pathsep.join([package, *filter(None, [environment.get("PYTHONPATH")])])
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sentry_sync.trends.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What a library prints when it dies may quote a row.
            stderr=subprocess.DEVNULL,
            env=environment,
            # A Ctrl-C is for us: we end it.
            start_new_session=True,
        )
    except OSError as error:
        raise QueryError(f"no process could be started for the statement: {error.strerror or error}") from None


def _question(paths: StorePaths, statement: str, limits: Limits, parameters: Mapping[str, object]) -> bytes:
    if limits.rows < 1:
        raise QueryError("the limit of rows must be at least 1")
    asked = {
        "store": str(paths.directory.absolute()),
        "projects": paths.projects,
        "statement": statement,
        "parameters": parameters,
        "rows": limits.rows,
        "seconds": limits.seconds,
        "memory": limits.memory,
        "bytes": limits.bytes,
    }
    try:
        return orjson.dumps(asked) + b"\n"
    except orjson.JSONEncodeError:
        raise QueryError(
            "the statement or a value holds characters that are none (half a surrogate pair)"
        ) from None


def _converse(
    process: subprocess.Popen[bytes], question: bytes, seconds: float, gone: Callable[[], bool]
) -> dict[str, Any]:
    """What the process says to the question, once it has ended."""
    said, waited = b"", 0.0
    ask: bytes | None = question
    while waited < seconds:
        try:
            said, _ = process.communicate(ask, timeout=min(LOOK_SECONDS, seconds))
            break
        except subprocess.TimeoutExpired:
            ask, waited = None, waited + LOOK_SECONDS
            if gone():
                raise QueryError("nobody waits for the statement any more: it was stopped") from None
        except OSError:
            break  # it died before it had read the question
    else:
        raise QueryError(STOPPED.format(seconds=seconds - PATIENCE))
    try:
        found = orjson.loads(said)
    except orjson.JSONDecodeError:
        raise QueryError(_death(process.returncode, seconds - PATIENCE)) from None
    return found if isinstance(found, dict) else {"error": "QueryError", "text": DIED}


LOOK_SECONDS = 0.5
"""How often it is looked whether anybody still waits."""

STOPPED = "the statement was stopped after {seconds:g} seconds: narrow it, or name fewer columns"
DIED = "the statement needed more memory than it may have and was ended: name fewer columns, or narrow it"


def _death(code: int | None, seconds: float) -> str:
    """What to say of a process that ended without an answer: by a clock's signal, or for want of memory."""
    return STOPPED.format(seconds=seconds) if code in (-14, -24) else DIED


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, whatever it is at, and let go of it."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):
            if stream:
                stream.close()


def _error(name: str, text: str) -> SentrySyncError:
    """The error of ours that the process named; a name that is none of those it may raise is a QueryError."""
    kind = getattr(errors, name, None)
    known = isinstance(kind, type) and issubclass(kind, (QueryError, StoreError))
    found: SentrySyncError = kind(text) if known and kind else QueryError(text)
    return found
