"""Which processes the ledger's requests belong to, and which of them are gone."""

from __future__ import annotations

import os
import socket
import sqlite3
from pathlib import Path

from sentry_sync.store import ledger_schema as sql

_HOST = socket.gethostname()


def this_process() -> str:
    """``host:pid``. The host's name tells containers apart that share a store but not their process numbers."""
    return f"{_HOST}:{os.getpid()}"


def abandon_dead(db: sqlite3.Connection, now: int) -> bool:
    """End the requests of processes of this machine that are gone; whether there were any.

    A killed process's place "one at a time" would else stay taken for two minutes. Whatever it sent has reached
    the server by now, so the window of its requests begins to run.
    """
    dead = [number for number, process in db.execute(sql.UNDER_WAY, {"now": now}) if is_dead(process)]
    db.executemany(sql.ABANDON, [(now, number) for number in dead])
    return bool(dead)


def is_dead(process: str) -> bool:
    """Whether ``process`` ran on this machine and doesn't any more; False when in doubt."""
    host, _, pid = process.rpartition(":")
    if host != _HOST or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_zombie(int(pid))


def _is_zombie(pid: int) -> bool:
    """Whether only the exit code of the process is left: in a container often nobody ever asks for it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False  # no Linux, or gone meanwhile
    return stat.rpartition(b") ")[2].startswith(b"Z")
