"""Whether a process that uses a store is still there, wherever it runs.

A container that was killed and started again has its predecessor's host name and process number, and another one
beside it may have both as well. So a process goes by a number of its own too, and holds a lock on the byte of that
number, in a file of the store, for as long as others may ask. The kernel drops it with the process, however that
ends. Where the system has no such locks, the process number has to do.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
import struct
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from sentry_sync.store.paths import unwritable

_HOST = socket.gethostname()

_OWN: dict[int, int] = {}
"""The number of this process, by its process number: a fork has its parent's memory, and is another."""

_REQUEST = "hhqqi4x"
"""C's ``struct flock``: kind, whence, start, length, process."""

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""What a file system says that has no locks."""


def this_process() -> str:
    """``host:pid``. The host's name tells containers apart that share a store but not their process numbers."""
    return f"{_HOST}:{os.getpid()}"


def spoken(name: str) -> str:
    """``host:pid`` of a process by its whole name, as people are told."""
    return ":".join(name.split(":")[:2])


class Presence(AbstractContextManager["Presence"]):
    """Says in the file at ``path`` that this process is there, until it is closed; raises StoreUnwritable."""

    def __init__(self, path: Path) -> None:
        self.name = this_process()
        """By what others can tell whether it is there."""
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(path, error) from error
        number = _OWN.setdefault(os.getpid(), secrets.randbits(32))
        # Shared, since a process may open one store several times.
        if _asked(self._handle, "F_OFD_SETLK", fcntl.F_RDLCK, number) is not None:
            self.name = f"{self.name}:{number:08x}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Say it no longer."""
        os.close(self._handle)


def is_dead(name: str, path: Path) -> bool:
    """Whether the process of that name ran on this machine and doesn't any more; False when in doubt."""
    host, _, rest = name.partition(":")
    pid, _, number = rest.partition(":")
    if host != _HOST or not pid.isdigit():
        return False
    return _has_left(path, int(number, 16)) if number else _has_ended(int(pid))


def _has_left(path: Path, number: int) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        return _asked(handle, "F_OFD_GETLK", fcntl.F_WRLCK, number) == fcntl.F_UNLCK
    finally:
        os.close(handle)


def _asked(handle: int, what: str, kind: int, number: int) -> int | None:
    """The kind of lock that the kernel answers with; None where there are no locks of this kind."""
    operation = getattr(fcntl, what, None)  # Linux alone has them
    if operation is None:
        return None
    try:
        answer = fcntl.fcntl(handle, operation, struct.pack(_REQUEST, kind, os.SEEK_SET, number, 1, 0))
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    found: int = struct.unpack(_REQUEST, answer)[0]
    return found


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether only the exit code of the process is left: in a container often nobody ever asks for it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False  # no Linux, or gone meanwhile
    return stat.rpartition(b") ")[2].startswith(b"Z")
