"""The inspector, the client of the protocol's authors: it finds no fault with the schemas and calls every tool."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.serve.tools import offered
from sentry_sync.store.store import Store
from tests.conformance.conftest import HERE, Npm, served

ROOT = Path(__file__).parents[2]
NAMES = [tool.name for tool in offered(allow_writes=False)]
TOKEN = "a-token-of-sixteen-characters-or-more"
AUTHORIZED = ("--header", f"Authorization: Bearer {TOKEN}")
STDIO = (sys.executable, "-m", "sentry_sync.cli", "mcp")

Run = tuple[str, ...]
"""A program of the inspector's and its arguments."""


@pytest.fixture(scope="module")
def url(npm: Npm, store: Path) -> Iterator[str]:
    with served(store, npm.home, SENTRY_SYNC_MCP_TOKEN=TOKEN) as base:
        yield base


@pytest.fixture(scope="module")
def arguments(store: Path) -> Mapping[str, dict[str, str]]:
    """What each tool that needs arguments is called with."""
    with Answers(Store(store)) as answers:
        project = answers.get_projects()["projects"][0]["slug"]
        issue = answers.get_issues(project)["issues"][0]["id"]
        version = answers.get_releases(project)["releases"][0]["untrusted"]["version"]
    return {
        "get-issues": {"project": project},
        "get-issue": {"issue_id": issue},
        "get-events": {"issue_id": issue},
        "get-performance": {"project": project},
        "get-releases": {"project": project},
        "assess-release": {"project": project, "version": version},
        "project-health": {"project": project},
        "sync-now": {"resource": "projects"},
        "query-sql": {"sql": "SELECT count(*) FROM issues"},
        "run-query": {"name": "noisiest_issues"},
    }


def target(transport: str, url: str, store: Path) -> tuple[str, ...]:
    return {
        # It hands nothing of its own environment on.
        "stdio": (*STDIO, "-e", f"SENTRY_SYNC_STORE={store}", "-e", f"PYTHONPATH={ROOT}"),
        "http": (f"{url}/mcp", "--transport", "http", *AUTHORIZED),
        "modern http": (f"{url}/mcp", "--transport", "http", "--protocol-era", "modern", *AUTHORIZED),
        "sse": (f"{url}/sse", "--transport", "sse", *AUTHORIZED),
    }[transport]


def inspector(*target: str, method: str, **more: str) -> Run:
    return ("mcp-inspector", *target, "--method", method, "--format", "json", "-q", *options(more))


def options(given: Mapping[str, str]) -> list[str]:
    return [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]


def held(*words: str) -> Run:
    """A command of the inspector's other program, which holds a connection for many."""
    return ("mcpdo", "--format", "json", *words)


def inspected(npm: Npm, runs: Sequence[Run]) -> list[tuple[Any, str | None]]:
    """What each run printed, and what it ended with."""
    done = npm(
        *("node", str(HERE / "inspections.mjs")),
        stdin="".join(json.dumps(run) + "\n" for run in runs),
        MCP_INSPECTOR_SECRET_STORE="file",
    )
    assert done.returncode == 0, done
    found, printed = [], None
    for document in documents(done.stdout):
        if document.keys() == {"fault"}:
            found.append((printed, document["fault"]))
            printed = None
        else:
            printed = document
    assert len(found) == len(runs), done
    return found


def documents(text: str) -> Iterator[Any]:
    """One after the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        at += len(text[at:]) - len(text[at:].lstrip())


def judged(listed: tuple[Any, str | None], answers: list[tuple[Any, str | None]]) -> None:
    found, fault = listed
    assert fault is None, fault
    assert [tool["name"] for tool in found["result"]["tools"]] == NAMES
    answered = dict(zip(NAMES, answers, strict=True))
    assert {name: fault for name, (_, fault) in answered.items() if fault is not None} == {}
    assert {name: result for name, (result, _) in answered.items() if result.get("isError")} == {}
    assert len(answered["get-projects"][0]["structuredContent"]["projects"]) == 3


@pytest.mark.parametrize("transport", ["http", "modern http", "sse"])
def test_it_lists_the_tools_without_a_fault_and_calls_each(
    npm: Npm, url: str, arguments: Mapping[str, dict[str, str]], transport: str
) -> None:
    target = {
        "http": (f"{url}/mcp", "--transport", "http", *AUTHORIZED),
        "modern http": (f"{url}/mcp", "--transport", "http", "--protocol-era", "modern", *AUTHORIZED),
        "sse": (f"{url}/sse", "--transport", "sse", *AUTHORIZED),
    }[transport]
    calls = [
        inspector(*target, method="tools/call", tool_name=name, tool_args_json=json.dumps(arguments.get(name, {})))
        for name in NAMES
    ]
    listed, *answers = inspected(npm, [(*inspector(*target, method="tools/list"), "--strict"), *calls])
    judged(listed, [(result and result["result"], fault) for result, fault in answers])


def test_over_stdio_too_where_one_process_answers_all_of_a_session(
    npm: Npm, store: Path, arguments: Mapping[str, dict[str, str]]
) -> None:
    # It hands nothing of its own environment on.
    given = {"SENTRY_SYNC_STORE": str(store), "PYTHONPATH": str(ROOT)}
    server = {"command": STDIO[0], "args": STDIO[1:], "env": given}
    config = npm.home / "servers.json"
    config.write_text(json.dumps({"mcpServers": {"ours": server}}), encoding="utf-8")
    calls = [held("@ours", "tools/call", name, json.dumps(arguments.get(name, {}))) for name in NAMES]
    listed, begun, *answers, left, ended = inspected(
        npm,
        [
            (*inspector("--config", str(config), "--server", "ours", method="tools/list"), "--strict"),
            held("connect", "ours", "--config", str(config)),
            *calls,
            held("disconnect", "ours"),
            held("daemon", "stop"),
        ],
    )
    assert [fault for _, fault in (begun, left, ended)] == [None] * 3
    judged(listed, answers)


def test_without_the_token_it_is_told_that_one_is_needed(npm: Npm, url: str) -> None:
    done = npm("mcp-inspector", "--cli", f"{url}/mcp", "--transport", "http", "--method", "tools/list", "-q")
    assert done.returncode == 3, done
