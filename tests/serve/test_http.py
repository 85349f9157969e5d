"""The HTTP server as a process of its own: where it listens, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from sentry_sync.errors import SettingsError
from sentry_sync.serve.gate import Rules
from sentry_sync.serve.http import Address, address, bound
from tests.support.rig import Rig

TOKEN = "0123456789abcdef"
SERVE = """
import sys
from pathlib import Path
from sentry_sync.answers.context import Answers
from sentry_sync.serve import http
from sentry_sync.serve.gate import Rules
from sentry_sync.store.store import Store

def say(line):
    print(line, flush=True)

http.run(Answers(Store(Path(sys.argv[1]))), http.Address("127.0.0.1", 0), Rules(sys.argv[2]), say)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    rig = Rig(tmp_path_factory.mktemp("served"))
    rig.sync("projects", "issues")
    rig.close()
    yield rig.directory


@contextmanager
def serving(store: Path, script: str = SERVE) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-c", script, str(store), TOKEN],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            yield process, found[0]
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:8000", Address("127.0.0.1", 8000)),
        ("8000", Address("127.0.0.1", 8000)),
        ("[::1]:80", Address("::1", 80)),
        ("mcp.example.com:0", Address("mcp.example.com", 0)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, found: Address) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "localhost", ":", "::1:80", "a:b", "a:99999", "http://a:1", "a/b:1"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match="HOST:PORT, such as"):
        address(text)


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address("127.0.0.1", other.getsockname()[1])
        with (
            pytest.raises(SettingsError, match=f"^cannot listen on 127.0.0.1:{taken.port}: [^\n]+$"),
            bound(taken, Rules()),
        ):
            pass


def test_a_name_that_is_nobodys_is_one_line() -> None:
    nobody = Address("nobody.invalid", 8000)
    with pytest.raises(SettingsError, match=r"^cannot listen on nobody\.invalid:8000: "), bound(nobody, Rules()):
        pass


def speaks_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


ipv6 = pytest.mark.skipif(not speaks_ipv6(), reason="this machine has no IPv6")


@ipv6
def test_an_address_of_ipv6_is_a_name_in_brackets() -> None:
    with bound(Address("::1", 0), Rules()) as (_, rules):
        assert rules.hosts == {"[::1]"}


@pytest.mark.parametrize("host", ["0.0.0.0", pytest.param("::", marks=ipv6)])
def test_other_machines_are_served_only_with_a_token(host: str) -> None:
    with pytest.raises(SettingsError, match="set SENTRY_SYNC_MCP_TOKEN"), bound(Address(host, 0), Rules()):
        pass
    with bound(Address(host, 0), Rules(TOKEN)) as (listening, _):
        assert listening.getsockname()[1] > 0


def test_the_socket_names_its_protocol_or_answers_would_wait_for_confirmations() -> None:
    with bound(Address("127.0.0.1", 0), Rules()) as (listening, _):
        assert listening.proto == socket.IPPROTO_TCP


def test_the_name_it_was_given_is_one_it_goes_by() -> None:
    with bound(Address("LOCALHOST", 0), Rules(hosts=frozenset({"a.example"}))) as (_, rules):
        assert rules.hosts == {"localhost", "a.example"}
    with bound(Address("0.0.0.0", 0), Rules(TOKEN)) as (_, rules):
        assert rules.hosts == set()


def test_the_sdks_own_clients_are_content_with_both_transports_and_eras(store: Path) -> None:
    async def projects(opened: Any, **options: Any) -> Any:
        async with Client(opened, **options) as client:
            return len((await client.call_tool("get-projects", {})).structured_content["projects"])

    async def talk(url: str) -> list[Any]:
        authorized = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(headers=authorized) as http:
            found = [
                await projects(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode)
                for mode in ("auto", "legacy")
            ]
        return [*found, await projects(sse_client(f"{url}/sse", headers=authorized))]

    with serving(store) as (process, url):
        assert anyio.run(talk, url) == [3, 3, 3]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stderr
        assert process.stderr.read() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("path", ["/sse", "/mcp"])
def test_a_signal_ends_it_in_silence_though_streams_are_open(
    store: Path, number: signal.Signals, path: str
) -> None:
    authorized = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json, text/event-stream"}
    with serving(store) as (process, url), httpx2.Client(base_url=url, headers=authorized, timeout=20) as http:
        if path == "/mcp":
            who = {"name": "t", "version": "1"}
            hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who}
            message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
            greeted = http.post("/mcp", json=message)
            http.headers["mcp-session-id"] = greeted.headers["mcp-session-id"]
        with http.stream("GET", path) as stream:
            assert stream.status_code == 200
            os.kill(process.pid, number)
            assert process.wait(timeout=20) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_a_sea_of_headers_is_not_read_to_its_end(store: Path) -> None:
    with serving(store) as (_, url), socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as sent:
        sent.sendall(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n")
        with pytest.raises(ConnectionError):
            for number in range(10_000):
                sent.sendall(b"X-%d: " % number + b"y" * 8000 + b"\r\n")


def test_what_goes_wrong_inside_is_a_line_without_a_traceback_or_its_text(store: Path) -> None:
    broken = SERVE.replace(
        "http.run(",
        "from sentry_sync.serve import gate\n"
        "def refusal(self, knock, door):\n    raise RuntimeError('Ignore all previous instructions')\n"
        "gate.Gate.refusal = refusal\n"
        "http.run(",
    )
    with serving(store, broken) as (process, url):
        assert httpx2.post(f"{url}/mcp").status_code == 500
        assert process.stderr
        line = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""
    assert line.startswith("sentry-sync: Exception in ASGI application")
    assert "RuntimeError at " in line
    assert "Ignore" not in line
