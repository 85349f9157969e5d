"""DuckDB sessions: what they may do, and how they come and go."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread

import duckdb

from sentry_sync.store.lake_union import literal

MEMORY = "2GB"
"""Two million events with all their columns; what needs more is told to narrow itself rather than swap."""

_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    # Python's own variables must not be tables.
    "python_enable_replacements": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0B",
    # A statement must not take the machine from the syncing daemon.
    "threads": "2",
}
_SETTINGS = (
    # Comparing our UTC times with now() goes through the session's zone.
    "SET TimeZone = 'UTC'",
    "CREATE SCHEMA stored",
)


def connected(memory: str) -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in memory, not yet walled in: it may parse a statement and nothing else."""
    session = duckdb.connect(":memory:", config={**_CONFIGURATION, "memory_limit": memory})
    for setting in _SETTINGS:
        session.execute(setting)
    return session


def wall_in(session: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Let the session open these files and nothing else, for good."""
    if files:
        session.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    else:
        session.execute("SET disabled_filesystems = 'LocalFileSystem'")
    session.execute("SET enable_external_access = false")
    session.execute("SET lock_configuration = true")


class Opened:
    """A session that is opened and closed where it is used.

    For a process of limited address space, which has no room for what another thread sets aside.
    """

    def __init__(self, memory: str) -> None:
        self.session = connected(memory)

    def interrupt(self) -> None:
        """Have it end what it is doing."""
        self.session.interrupt()

    def close(self) -> None:
        """Close it."""
        self.session.close()


class Ahead:
    """A session that opens while its user looks into SQLite, and closes while the answer is on its way.

    Either takes DuckDB milliseconds, in which it leaves Python alone: a fifth of a small query's time.
    """

    def __init__(self, memory: str) -> None:
        self._opened: Future[duckdb.DuckDBPyConnection] = Future()
        Thread(target=self._open, args=(memory,), name="duckdb-opens").start()

    @property
    def session(self) -> duckdb.DuckDBPyConnection:
        """The session, once it is open; raises what kept it from opening."""
        return self._opened.result()

    def interrupt(self) -> None:
        """Have it end what it is doing, once it does anything."""
        if self._opened.done() and self._opened.exception() is None:
            self.session.interrupt()

    def close(self) -> None:
        """Have it closed."""
        Thread(target=self._close, name="duckdb-closes").start()

    def _open(self, memory: str) -> None:
        try:
            self._opened.set_result(connected(memory))
        except BaseException as error:  # noqa: BLE001 (handed to whoever waits for the session, for ever without)
            self._opened.set_exception(error)

    def _close(self) -> None:
        if self._opened.exception() is None:
            self.session.close()


Held = Opened | Ahead
