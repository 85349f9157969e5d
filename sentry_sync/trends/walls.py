"""The walls around a process that runs one statement: limits of the kernel's, which hold whatever DuckDB forgets.

Each is set for good and for this process alone: address space, processor time, a wall clock that kills, no byte
into any file, no core dump; and, where the kernel has Landlock, no file but the store's and the program's own to
read, none to write, no connection. To be put up before DuckDB starts threads, since Landlock binds those only that
come after.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

OTHER_BYTES = 130_000_000
"""Address space beside DuckDB's own memory: its code's working set, two threads' stacks, the answer as JSON."""

GRACE_SECONDS = 2.0
"""Between the interrupt that ends a statement with a line of its own and the signal that ends its process."""

THREADS = 2
"""A statement must not take the machine from the syncing daemon."""


def limit(memory: int, seconds: float) -> None:
    """Limit this process to ``memory`` bytes above what it has now, and to ``seconds``."""
    space = _address_space() + memory + OTHER_BYTES
    if sys.platform == "linux":  # elsewhere the kernel takes the limit and ignores it
        resource.setrlimit(resource.RLIMIT_AS, (space, space))
    processor = int((seconds + GRACE_SECONDS) * THREADS) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # By default the signal kills: even a process whose parent is gone, inside a call that no interrupt reaches.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE_SECONDS)


def write_nothing() -> None:
    """Let no file grow by this process, whoever owns it; pipes are none."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _address_space() -> int:
    """What is mapped now: mostly code, and arenas that were set aside and never touched."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls; the same on every architecture, since they are newer than those that differ."""

_VERSION = 1
"""Flag of the first: tell the ABI's version."""

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files that an ABI of this version or newer knows: to read, write, make, remove, truncate."""

_TCP = 0b11
"""To bind and to connect, from version 4."""

_SIGNALS_AND_SOCKETS = 0b11
"""Scopes from version 6: no signal to, and no abstract socket of, a process outside."""

_NO_NEW_PRIVILEGES = 38


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def landlock(readable: Iterable[Path]) -> bool:
    """Let this process read beneath those folders, and neither write a file nor connect; False where it can't be.

    Threads that run already stay free.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return False
    rights = _FILES[max(known for known in _FILES if known <= version)]
    rules = _Ruleset(rights, _TCP if version >= 4 else 0, _SIGNALS_AND_SOCKETS if version >= 6 else 0)
    # Older kernels refuse a structure that is longer than they know.
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for folder in readable:
            _allow(libc, ruleset, folder)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return False
        return bool(libc.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, folder: Path) -> None:
    if not folder.is_dir():
        return
    handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        beneath = _Beneath(_READ_FILE | _READ_DIR | _EXECUTE, handle)
        libc.syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(beneath), ctypes.c_uint32(0))
    finally:
        os.close(handle)


def program_folders() -> list[Path]:
    """What the program itself reads: its modules and libraries, and what the kernel says of the machine."""
    folders = {sys.prefix, sys.base_prefix, *filter(os.path.isabs, sys.path), "/usr/lib", "/lib", "/lib64"}
    return [Path(folder) for folder in sorted(folders) if folder != "/"] + [Path("/proc"), Path("/sys")]
