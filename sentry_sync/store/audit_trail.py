"""Who was told or changed what, and when: lines in files of their own, never an answer's content.

Lines are collected and written by a thread of their own, a second later at most, so that no answer waits for the
disk; they are written at the end of the process too. A kill loses those of the last second, and nothing else does.
What is changed at Sentry stands in ``audit_log`` before it is sent, whatever becomes of these.

Any number of processes append to one file: each takes its lock for the length of one write.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import os
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sentry_sync.errors import StoreError
from sentry_sync.records.clock import Clock
from sentry_sync.store.presence import this_process
from sentry_sync.store.privacy.pseudonyms import key_of

SECONDS = 1.0
"""How long a line may wait: as much as a kill loses."""

LARGEST = 5_000_000
"""Bytes of one file: some 20,000 lines, which are read in a moment."""

MOST_FILES = 40
"""Files beside the one that is written to: 200 MB, whatever the days to keep them."""

WAITING = 10_000
"""Lines that may wait while the disk is full; the oldest go first."""

NAME = "audit.jsonl"

SPOKEN = frozenset(
    {
        "status",
        "sort",
        "limit",
        "response_format",
        "view",
        "fresh",
        "max_age",
        "max_bytes",
        "full_trace",
        "resource",
    }
    | {
        "wait_seconds",
        "include_stats",
        "health_data",
        "since",
        "until",
        "at_time",
        "start_time",
        "end_time",
        "name",
    }
    | {"project", "issue_id", "table", "organization", "scope", "target"}
)
"""Arguments that are written as they are: words of our own, times, and what is asked about. Of any other, which
may hold a person's name or an event's text, a keyed hash is written: enough to tell that two were the same."""


_PLAIN = re.compile(r"[\w./:+-]{0,120}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was asked or done."""

    who: str
    """A client's name and its way here, or a command."""
    what: str
    """A tool, ``sql``, ``webhook``, ``erase``, ..."""
    arguments: Mapping[str, Any]
    outcome: str = "ok"
    """``ok``, or the kind of error."""
    source: str | None = None
    """``local``, ``live`` or ``mixed``; None for what is no answer."""
    rows: int | None = None
    milliseconds: float | None = None


class AuditTrail:
    """Writes down what is asked of one store. Safe to share between threads; made without touching a file."""

    def __init__(self, folder: Path, clock: Clock, key: Path, *, largest: int = LARGEST) -> None:
        self._folder = folder
        self._largest = largest
        self._clock = clock
        self._key_path = key
        self._key: bytes | None = None
        self._waiting: deque[tuple[datetime, Entry]] = deque(maxlen=WAITING)
        self._wake = threading.Event()
        self._closed = False
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    def note(self, entry: Entry) -> None:
        """Write this down, soon."""
        self._waiting.append((self._clock.now(), entry))
        if self._writer is None:
            self._begin()

    def flush(self) -> None:
        """Write down what waits. What can't be written now is tried again."""
        with self._lock:
            entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if entries:
                try:
                    self._append(b"".join(self._line(*entry) for entry in entries))
                except (OSError, StoreError):
                    self._waiting.extendleft(reversed(entries))

    def close(self) -> None:
        """Write down what waits, and end."""
        self._closed = True
        self._wake.set()
        if self._writer is not None:
            self._writer.join(SECONDS)
        self.flush()

    def prune(self, since: datetime | None) -> int:
        """Delete files whose last line is older than ``since``; how many."""
        old = [
            path
            for place, path in enumerate(reversed(self._rotated()))
            if place >= MOST_FILES or (since is not None and path.stat().st_mtime < since.timestamp())
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def last(self, most: int) -> list[dict[str, Any]]:
        """The newest entries, the newest first."""
        found: list[dict[str, Any]] = []
        for path in (self._folder / NAME, *reversed(self._rotated())):
            found += reversed(list(_entries(path)))
            if len(found) >= most:
                break
        return found[:most]

    def _begin(self) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="audit", daemon=True)
                self._writer.start()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(SECONDS)
            self.flush()

    def _line(self, at: datetime, entry: Entry) -> bytes:
        said = {
            "at": at,
            "who": entry.who,
            "process": this_process(),
            "what": entry.what,
            "arguments": {name: self._told(name, value) for name, value in entry.arguments.items()},
            "outcome": entry.outcome,
            "source": entry.source,
            "rows": entry.rows,
            "ms": None if entry.milliseconds is None else round(entry.milliseconds, 1),
        }
        return orjson.dumps(said, default=str) + b"\n"

    def _told(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if name in SPOKEN and isinstance(value, str) and _PLAIN.fullmatch(value):
            return value
        if self._key is None:
            self._key = key_of(self._key_path)
        digest = hmac.digest(self._key, b"audit\0" + orjson.dumps(value, default=str), "sha256")
        return f"#{digest.hex()[:12]}"

    def _append(self, lines: bytes) -> None:
        if not self._folder.parent.exists():
            return  # there is no store, so nothing was told of one
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / NAME
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            if os.write(handle, lines) < len(lines):
                # A part of a line would spoil the next one: all of them are written again later.
                os.ftruncate(handle, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            # Another process may have put this very file aside meanwhile: it is not to be renamed twice.
            if os.fstat(handle).st_size > self._largest and os.fstat(handle).st_ino == path.stat().st_ino:
                path.rename(self._folder / f"audit-{self._clock.now():%Y%m%dT%H%M%S%f}.jsonl")
        finally:
            os.close(handle)

    def _rotated(self) -> list[Path]:
        return sorted(self._folder.glob("audit-*.jsonl"))


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    with suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            with suppress(orjson.JSONDecodeError):  # the last line of a process that was killed, perhaps
                yield orjson.loads(line)
