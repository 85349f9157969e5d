"""The inspector, the client of the protocol's authors: it finds no fault with the schemas and calls every tool."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.serve.tools import offered
from sentry_sync.store.store import Store
from tests.conformance.conftest import Npm, served

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-sixteen-characters-or-more"
AUTHORIZED = ("--header", f"Authorization: Bearer {TOKEN}")
STDIO = (sys.executable, "-m", "sentry_sync.cli", "mcp")


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


@pytest.mark.parametrize("transport", ["stdio", "http", "modern http", "sse"])
def test_it_lists_the_tools_without_a_fault_and_calls_each(
    npm: Npm, store: Path, url: str, arguments: Mapping[str, dict[str, str]], transport: str
) -> None:
    def inspected(*how: str) -> tuple[int, str]:
        done = npm("mcp-inspector", "--cli", *target(transport, url, store), *how, "--format", "json", "-q")
        return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def called(name: str) -> tuple[int, str]:
        given = [
            word for key, value in arguments.get(name, {}).items() for word in ("--tool-arg", f"{key}={value}")
        ]
        return inspected("--method", "tools/call", "--tool-name", name, *given)

    code, listed = inspected("--method", "tools/list", "--strict")
    assert code == 0, listed
    names = [tool.name for tool in offered(allow_writes=False)]
    assert [tool["name"] for tool in json.loads(listed)["result"]["tools"]] == names
    with ThreadPoolExecutor(2) as pool:
        answered = dict(zip(names, pool.map(called, names), strict=True))
    assert len(json.loads(answered["get-projects"][1])["result"]["structuredContent"]["projects"]) == 3
    assert {name: said for name, (code, said) in answered.items() if code != 0} == {}


def test_without_the_token_it_is_told_that_one_is_needed(npm: Npm, url: str) -> None:
    done = npm("mcp-inspector", "--cli", f"{url}/mcp", "--transport", "http", "--method", "tools/list", "-q")
    assert done.returncode == 3, done
