"""Runs a command as confined as a container or a systemd unit would have it, where neither an engine nor systemd
runs: ``python -m tests.deploy.confined '{"writable": [...], "allowed": [...], ...}' command ...``.

The kernel's own walls stand in for theirs: Landlock for a file system that is read-only elsewhere, seccomp and
PR_SET_MDWE for what systemd makes of ``SystemCallFilter=`` and ``MemoryDenyWriteExecute=``.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)

NO_NEW_PRIVILEGES, MDWE = 38, 65
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WRITING = 0b111_1111_1111_0010
"""Landlock's rights to write, make, remove, move and truncate files; not those to read and execute."""

REFUSED = 0x0005_0000 | errno.EPERM
ALLOWED = 0x7FFF_0000
EQUAL = 4


@dataclass(frozen=True)
class Walls:
    """What a command may do."""

    writable: tuple[str, ...]
    """Folders that it may write to, and no other."""
    allowed: tuple[str, ...] = ()
    """Names of system calls; none for all."""
    families: tuple[int, ...] = ()
    """Address families of its sockets, where system calls are filtered."""

    def command(self, *command: str) -> list[str]:
        """``command`` behind these walls."""
        return [sys.executable, "-m", "tests.deploy.confined", json.dumps(asdict(self)), *command]


def possible() -> bool:
    """Whether the kernel has such walls."""
    known = LIBC.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return sys.platform == "linux" and bool(known >= 3)


def write_only_to(folders: Iterable[str]) -> None:
    rights = ctypes.c_uint64(WRITING)
    ruleset = LIBC.syscall(CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(8), ctypes.c_uint32(0))
    for folder in (*folders, "/dev"):
        handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        beneath = WRITING.to_bytes(8, "little") + handle.to_bytes(4, "little")
        _must(LIBC.syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), beneath, ctypes.c_uint32(0)))
        os.close(handle)
    _must(LIBC.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)))


class _Compared(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("other", ctypes.c_uint64),
    )


def call_only(allowed: Iterable[str], families: Iterable[int]) -> None:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(REFUSED)))
    for name in allowed:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue  # of another architecture
        if name != "socket":
            _must(library.seccomp_rule_add_array(context, ctypes.c_uint32(ALLOWED), number, 0, None))
            continue
        for family in families:
            same = _Compared(0, EQUAL, family, 0)
            _must(library.seccomp_rule_add_array(context, ctypes.c_uint32(ALLOWED), number, 1, ctypes.byref(same)))
    _must(library.seccomp_load(context))


def _must(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno() or -result, "a wall could not be put up")


def main() -> None:
    said, *command = sys.argv[1:]
    walls = Walls(**json.loads(said))
    _must(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    write_only_to(walls.writable)
    if walls.allowed:
        _must(LIBC.prctl(MDWE, 1, 0, 0, 0))
        call_only(walls.allowed, walls.families)
    if not Path(command[0]).is_absolute():
        raise SystemExit("name the program by its whole path")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
