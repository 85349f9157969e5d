"""``serve`` as a process of its own: both halves run, and neither outlives the other."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.store.store import Store
from tests.support.cli import SECRET, CommandLine, environment

SMALL = WorldSize(projects=2, issues=20, events_per_day=20, releases=2, days=2)


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator(SimulatorOptions(size=SMALL, token=SECRET, static=True, rate_limit=None)) as running:
        yield running


@pytest.fixture
def variables(tmp_path: Path, server: Simulator) -> dict[str, str]:
    server.faults.clear()
    server.requests.clear()
    return environment(
        tmp_path,
        SENTRY_BASE_URL=server.url,
        SENTRY_AUTH_TOKEN=SECRET,
        SENTRY_ORG="acme",
        SENTRY_SYNC_STORE=str(tmp_path / "store"),
        SENTRY_SYNC_RATE_LIMIT="10000",
        SENTRY_SYNC_HISTORY_DAYS="2",
    )


def lines_until(pipe: IO[str] | None, *parts: str) -> list[str]:
    """The lines up to the one that completes ``parts``."""
    assert pipe is not None
    read: list[str] = []
    for line in pipe:
        read.append(line)
        if all(any(part in one for one in read) for part in parts):
            return read
    raise AssertionError(f"not all of {parts} in {read}")


@contextmanager
def serving(variables: dict[str, str], *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address, once it listens and has synced issues."""
    command = [sys.executable, "-m", "sentry_sync.cli", "serve", "--http", "127.0.0.1:0", *flags]
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = "".join(lines_until(process.stderr, "http://", "issues.hot"))
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found
            yield process, found[0]
        finally:
            process.kill()


def test_it_syncs_and_answers_until_a_signal(variables: dict[str, str], server: Simulator) -> None:
    with serving(variables) as (process, url):
        assert httpx.get(f"{url}/healthz").text == "ok\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (0, False)
    with Store(Path(variables["SENTRY_SYNC_STORE"])).syncing():
        pass  # the lease was given back


def test_when_the_sync_cannot_go_on_nobody_is_answered_from_a_copy_that_grows_old(
    variables: dict[str, str],
) -> None:
    with serving(variables) as (process, _):
        process.terminate()
        process.communicate(timeout=20)
    command = [sys.executable, "-m", "sentry_sync.cli", "serve", "--http", "127.0.0.1:0"]
    other = {**variables, "SENTRY_ORG": "globex"}
    done = subprocess.run(command, env=other, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 13
    assert "SENTRY_SYNC_STORE" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_others_reach_needs_a_token(cli: CommandLine) -> None:
    assert "set SENTRY_SYNC_MCP_TOKEN" in cli("serve", "--http", "0.0.0.0:0").refused(2)
