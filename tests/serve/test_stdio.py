"""The server as a process of its own: it answers, and ends without a word."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.support.rig import Rig

SERVE = """
import sys
from pathlib import Path
from sentry_sync.answers.context import Answers
from sentry_sync.serve import stdio
from sentry_sync.store.store import Store
stdio.run(Answers(Store(Path(sys.argv[1]))))
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    rig = Rig(tmp_path_factory.mktemp("stdio"))
    rig.sync("projects", "issues")
    rig.close()
    yield rig.directory


@pytest.fixture
def process(store: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as started:
        yield started
        started.kill()


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def asked(process: subprocess.Popen[bytes], number: int, method: str, **params: Any) -> Any:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    pipe(process.stdin).write(json.dumps(message).encode() + b"\n")
    pipe(process.stdin).flush()
    return json.loads(pipe(process.stdout).readline())["result"]


def begun(process: subprocess.Popen[bytes]) -> None:
    who = {"name": "test", "version": "1"}
    asked(process, 1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=who)
    pipe(process.stdin).write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    found = asked(process, 2, "tools/call", name="get-issues", arguments={"project": "checkout-api", "limit": 2})
    assert len(found["structuredContent"]["issues"]) == 2
    assert "issues: 2 rows of id" in found["content"][0]["text"]


def test_it_ends_in_silence_when_the_client_closes_stdin(process: subprocess.Popen[bytes]) -> None:
    begun(process)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")


def test_it_does_not_wait_for_sentry_once_nobody_is_left_to_answer(tmp_path: Path) -> None:
    stuck = SERVE.replace("Answers(Store(Path(sys.argv[1])))", "Answers(Store(Path(sys.argv[1])), client=stuck)")
    hang = "def stuck():\n    sys.stderr.write('asked')\n    sys.stderr.flush()\n    time.sleep(90)\n"
    script = stuck.replace("stdio.run", f"import time\n{hang}stdio.run")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        who = {"name": "test", "version": "1"}
        asked(process, 1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=who)
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "get-projects"}}
        pipe(process.stdin).write(json.dumps(call).encode() + b"\n")
        pipe(process.stdin).flush()
        assert pipe(process.stderr).read(5) == b"asked"
        pipe(process.stdin).close()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_at_once_and_in_silence(
    process: subprocess.Popen[bytes], number: signal.Signals, code: int
) -> None:
    begun(process)
    os.kill(process.pid, number)
    assert process.wait(timeout=20) == code
    assert pipe(process.stderr).read() == b""


def test_the_sdks_own_client_is_content(store: Path) -> None:
    async def talk() -> Any:
        server = StdioServerParameters(command=sys.executable, args=["-c", SERVE, str(store)])
        async with Client(server) as client:
            return await client.call_tool("get-projects", {})

    result = anyio.run(talk)
    assert len(result.structured_content["projects"]) == 3


def test_a_local_answer_needs_neither_the_network_nor_migrations(store: Path) -> None:
    probe = (
        "import sys; from pathlib import Path\n"
        "from sentry_sync.answers.context import Answers\n"
        "from sentry_sync.store.store import Store\n"
        "from sentry_sync.serve import server\n"
        "server.build(answers := Answers(Store(Path(sys.argv[1])), client=lambda: None))\n"
        "assert answers.get_issues('checkout-api')['issues']\n"
        "print(sorted({'httpx', 'alembic', 'duckdb', 'apscheduler', 'typer'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(store)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
