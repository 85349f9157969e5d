"""``serve`` as a process of its own: both halves run, and neither outlives the other."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any

import anyio
import anyio.to_thread
import httpx
import mcp_types as types
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.subscriptions import ResourceUpdated

from sentry_sync.simulator import Simulator
from sentry_sync.store.store import Store
from tests.support.cli import CommandLine


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
    """The process and its address, once it listens and has synced issues and events."""
    command = [sys.executable, "-m", "sentry_sync.cli", "serve", "--http", "127.0.0.1:0", *flags]
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = "".join(lines_until(process.stderr, "http://", "issues.hot:", "events:"))
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


SECRET_OF_HOOKS = "0123456789abcdef"


def told(url: str, issue: str) -> httpx.Response:
    """What a webhook that tells of an issue is answered."""
    body = json.dumps({"action": "resolved", "data": {"issue": {"id": issue}}}).encode()
    signature = hmac.new(SECRET_OF_HOOKS.encode(), body, hashlib.sha256).hexdigest()
    return httpx.post(
        f"{url}/webhooks/sentry",
        content=body,
        headers={
            "Sentry-Hook-Resource": "issue",
            "Sentry-Hook-Signature": signature,
            "Sentry-Hook-Timestamp": str(int(time.time())),
            "Request-ID": signature[:32],
        },
    )


def test_a_webhook_changes_the_copy_and_the_figures_tell(variables: dict[str, str], server: Simulator) -> None:
    variables["SENTRY_SYNC_WEBHOOK_SECRET"] = SECRET_OF_HOOKS
    issue = next(issue for issue in server.world.issues.values() if issue.status == "unresolved")
    with serving(variables, "--log-format", "json") as (process, url):
        server.mutate.resolve(issue.id)
        assert told(url, issue.id).status_code == 202
        assert told(url, issue.id).json() == {"outcome": "duplicate"}
        *_, last = lines_until(process.stderr, "issues.hinted")
        line = json.loads(last)
        assert (line["stream"], line["state"], line["rows"]) == ("issues.hinted", "done", 1)
        assert httpx.get(f"{url}/readyz").json()["ready"] is True
        figures = httpx.get(f"{url}/metrics").text
        process.terminate()
        process.communicate(timeout=20)
    for found in (
        'sentry_sync_webhooks_total{outcome="accepted"} 1.0',
        'sentry_sync_turns_total{state="done",stream="issues.hinted"} 1.0',
        'sentry_sync_requests_total{lane="hot",status="200"}',
        'sentry_sync_rows{table="issues"} 20.0',
    ):
        assert found in figures
    with closing(sqlite3.connect(Path(variables["SENTRY_SYNC_STORE"]) / "store.db")) as store:
        assert store.execute("SELECT status FROM issues WHERE id = ?", (issue.id,)).fetchone() == ("resolved",)


class Ear:
    """What a client of the older era is told."""

    def __init__(self) -> None:
        self.heard: set[str] = set()
        self._rung = anyio.Event()

    async def __call__(self, message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            self.heard.add(str(message.params.uri))
            self._rung.set()

    async def until(self, wanted: set[str]) -> None:
        while not wanted <= self.heard:
            await self._rung.wait()
            self._rung = anyio.Event()


async def status(client: Client, address: str) -> str:
    """Of the issue, as it reads there."""
    (read,) = (await client.read_resource(address)).contents
    assert isinstance(read, types.TextResourceContents)
    return str(json.loads(read.text)["issue"]["status"])


async def news(client: Client, opened: AsyncExitStack, wanted: set[str]) -> Callable[[], Awaitable[None]]:
    """Listen as clients since 2026-07-28 do; what waits until all of it was heard."""
    stream = await opened.enter_async_context(client.listen(resource_subscriptions=sorted(wanted)))
    heard = aiter(stream)

    async def until() -> None:
        left = set(wanted)
        while left:
            event = await anext(heard)
            assert isinstance(event, ResourceUpdated)
            left.discard(event.uri)

    return until


def test_after_a_webhook_subscribers_of_each_era_are_told_and_read_what_is_new(
    variables: dict[str, str], server: Simulator
) -> None:
    variables["SENTRY_SYNC_WEBHOOK_SECRET"] = SECRET_OF_HOOKS
    issue = next(issue for issue in server.world.issues.values() if issue.status == "unresolved")
    address = f"sentry-sync://issue/{issue.id}"
    wanted = {address, "sentry-sync://status"}

    async def talk(url: str) -> list[str]:
        ears = Ear(), Ear()
        with anyio.fail_after(60):
            async with AsyncExitStack() as opened:
                newer = await opened.enter_async_context(Client(streamable_http_client(f"{url}/mcp")))
                for client in (
                    Client(streamable_http_client(f"{url}/mcp"), mode="legacy", message_handler=ears[0]),
                    Client(sse_client(f"{url}/sse"), mode="legacy", message_handler=ears[1]),
                ):
                    older = await opened.enter_async_context(client)
                    for uri in wanted:
                        request = types.SubscribeRequest(params=types.SubscribeRequestParams(uri=uri))
                        await older.session.send_request(request, types.EmptyResult)
                until = await news(newer, opened, wanted)
                server.mutate.resolve(issue.id)
                assert (await anyio.to_thread.run_sync(told, url, issue.id)).status_code == 202
                await until()
                for ear in ears:
                    await ear.until(wanted)
                return [await status(client, address) for client in (newer, older)]

    with serving(variables) as (process, url):
        assert anyio.run(talk, url) == ["resolved", "resolved"]
        process.terminate()
        _, err = process.communicate(timeout=20)
        assert (process.returncode, "Traceback" in err) == (0, False)


ALERT = """
[[alerts]]
name = "noisy"
query = "error_trend"
parameters = {project = "later"}
above = 0
to = "run"
[alert_targets.run]
command = ["true"]
"""


def test_a_hangup_reads_the_settings_anew_and_says_what_stays(variables: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    file.chmod(0o600)
    with serving(variables, "--config", str(file)) as (process, url):
        assert httpx.get(f"{url}/metrics").status_code == 200
        file.write_text('mcp_token = "0123456789abcdef"\nlog_format = "json"\n')
        process.send_signal(signal.SIGHUP)
        said = lines_until(process.stderr, "read anew")
        assert any("to change log_format, end this process and start another" in line for line in said)
        assert httpx.get(f"{url}/metrics").status_code == 401
        file.write_text('mcp_token = "0123456789abcdef"\n[[alerts]]\nname = "noisy"\n')
        process.send_signal(signal.SIGHUP)
        *_, last = lines_until(process.stderr, "stay as they were")
        assert "the alert 'noisy'" in last
        file.write_text(f'mcp_token = "0123456789abcdef"\n{ALERT}')
        process.send_signal(signal.SIGHUP)
        lines_until(process.stderr, "read anew", "the alert noisy cannot be asked: the project later is not known")
        file.write_text('mcp_token = "short"\n')
        process.send_signal(signal.SIGHUP)
        *_, last = lines_until(process.stderr, "stay as they were")
        assert "mcp_token" in last
        assert httpx.get(f"{url}/metrics").status_code == 401
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_an_answer_that_does_not_come_and_an_open_stream_hold_a_stop_up_for_seconds_only(
    variables: dict[str, str], server: Simulator
) -> None:
    server.faults.add("/releases/", "hang", times=3)
    command = [sys.executable, "-m", "sentry_sync.cli", "serve", "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        said = "".join(lines_until(process.stderr, "http://", "issues.hot:"))
        url = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert url
        with httpx.stream("GET", f"{url[0]}/sse", timeout=20) as stream:
            assert stream.status_code == 200
            while not any("/releases/" in request.path for request in server.requests):
                assert process.poll() is None
            process.terminate()
            process.communicate(timeout=20)  # the request itself would be waited for half a minute
        assert process.returncode == 0


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
