"""Processes that are started as a container's engine or systemd would start them."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """The process, its output one stream; ended with the block if it is not by then."""
    with subprocess.Popen(
        command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(pipe: IO[str] | None, *parts: str) -> str:
    """What is said up to the line that completes ``parts``."""
    assert pipe is not None
    read = ""
    for line in pipe:
        read += line
        if all(part in read for part in parts):
            return read
    raise AssertionError(f"it ended before it said all of {parts}: {read}")


def asked(port: int, path: str, **headers: str) -> tuple[int, str]:
    """The status and the body that this machine's loopback is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found
