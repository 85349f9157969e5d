from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters

from tests.support.cli import SECRET, CommandLine, environment
from tests.support.rig import Rig


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    rig = Rig(tmp_path)
    rig.sync("projects", "issues")
    rig.close()
    yield rig.directory


def asked(env: dict[str, str], tool: str, **arguments: Any) -> Any:
    """A tool's result from a server process with this environment."""

    async def conversation() -> Any:
        server = StdioServerParameters(command=sys.executable, args=["-m", "sentry_sync.cli", "mcp"], env=env)
        async with Client(server) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(conversation)


def test_without_a_token_it_answers_from_the_copy_and_says_how_old_that_is(store: Path, tmp_path: Path) -> None:
    result = asked(environment(tmp_path, SENTRY_SYNC_STORE=str(store)), "get-projects")
    assert not result.is_error
    assert len(result.structured_content["projects"]) == 3
    assert result.structured_content["freshness"]["source"] == "local"
    assert result.structured_content["freshness"]["as_of"] == "2026-11-20T12:34:56Z"


def test_without_a_store_it_says_that_nothing_was_synced(tmp_path: Path) -> None:
    result = asked(environment(tmp_path, SENTRY_SYNC_STORE=str(tmp_path / "none")), "get-projects")
    assert not result.is_error
    freshness = result.structured_content["freshness"]
    assert (freshness["complete"], result.structured_content["projects"]) == (False, [])
    assert freshness["fell_through_because"] or freshness["could_not_fall_through_because"] or freshness["notes"]


def test_it_does_not_answer_for_another_organization(store: Path, tmp_path: Path) -> None:
    env = environment(tmp_path, SENTRY_SYNC_STORE=str(store), SENTRY_ORG="globex")
    result = asked(env, "get-projects")
    assert result.is_error
    assert "copy of acme" in result.content[0].text


def test_it_ends_when_its_client_goes_away(store: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sentry_sync.cli", "mcp"],
        stdin=subprocess.DEVNULL,
        env=environment(tmp_path, SENTRY_SYNC_STORE=str(store)),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SENTRY_BASE_URL", "http://sentry.example.com", "https://"),
        ("SENTRY_ORG", "a/b", "SENTRY_ORG must be"),
        ("SENTRY_ORG", "", "set SENTRY_ORG"),
        ("SENTRY_AUTH_TOKEN", f"{SECRET} {SECRET}", "SENTRY_AUTH_TOKEN must be"),
    ],
)
def test_settings_that_could_never_work_are_refused_at_the_start(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", SECRET)
    monkeypatch.setenv("SENTRY_ORG", "acme")
    monkeypatch.setenv(variable, value)
    assert says in cli("mcp").refused(2)


@pytest.mark.parametrize(
    ("http", "says"),
    [
        ("0.0.0.0:0", "set SENTRY_SYNC_MCP_TOKEN"),
        ("localhost", "--http takes HOST:PORT"),
        ("192.0.2.1:0", "cannot listen on 192.0.2.1:0: Cannot assign requested address"),
    ],
)
def test_an_address_that_cannot_be_served_is_one_line(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, http: str, says: str
) -> None:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(tmp_path / "store"))
    assert says in cli("mcp", "--http", http).refused(2)


def test_over_http_it_says_where_it_listens_and_takes_its_token_from_the_settings(
    store: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path, SENTRY_SYNC_STORE=str(store), SENTRY_SYNC_MCP_TOKEN=SECRET)
    command = [sys.executable, "-m", "sentry_sync.cli", "mcp", "--http", "127.0.0.1:0"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        url = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert url
        assert httpx.post(f"{url[0]}/mcp", json={}).status_code == 401
        authorized = {"Authorization": f"Bearer {SECRET}"}
        assert httpx.post(f"{url[0]}/mcp", json={}, headers=authorized).status_code != 401
        process.terminate()
        assert (process.wait(timeout=20), process.stderr.read()) == (0, "")


@pytest.mark.parametrize(("flags", "offered"), [((), False), (("--allow-writes",), True)])
def test_issues_can_be_changed_only_where_the_flag_allows_it(
    store: Path, tmp_path: Path, flags: tuple[str, ...], offered: bool
) -> None:
    async def conversation() -> tuple[set[str], Any]:
        args = ["-m", "sentry_sync.cli", "mcp", *flags]
        env = environment(tmp_path, SENTRY_SYNC_STORE=str(store))
        async with Client(StdioServerParameters(command=sys.executable, args=args, env=env)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            arguments = {"issue_id": "4711", "status": "resolved"}
            return names, await client.call_tool("update-issue", arguments)

    names, result = anyio.run(conversation)
    assert ("update-issue" in names) is offered
    assert result.is_error is not offered
    if offered:
        assert result.structured_content["outcome"] == "refused"
        assert result.structured_content["freshness"]["could_not_fall_through_because"] == "offline"
    else:
        assert "--allow-writes" in result.content[0].text
