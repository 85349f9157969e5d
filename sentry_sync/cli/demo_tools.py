"""The demo's questions: each tool asked by a real MCP client, of a real ``sentry-sync mcp`` process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from sentry_sync.errors import SentrySyncError

SHOWN = 3
"""Rows of an answer that are printed: enough to see what it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its answer."""

    tool: str
    arguments: dict[str, Any]
    answer: dict[str, Any]


def ask_all(variables: Mapping[str, str], place: Path) -> list[Asked]:
    """Ask each tool in turn; raises SentrySyncError if one refuses.

    ``variables`` is all the server process knows of a Sentry; ``place`` is a directory of ours, for a settings
    file that keeps it from reading the user's.
    """
    config = place / "empty.toml"
    config.touch(mode=0o600)
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "sentry_sync.cli", "mcp"],
        env={**variables, "SENTRY_SYNC_CONFIG": str(config)},
    )
    return anyio.run(_conversation, server)


async def _conversation(server: StdioServerParameters) -> list[Asked]:
    asked: list[Asked] = []
    async with Client(server) as client:

        async def ask(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            if result.is_error or result.structured_content is None:
                raise SentrySyncError(f"the tool {tool} refused the demo's question")
            answer: dict[str, Any] = result.structured_content
            asked.append(Asked(tool, arguments, answer))
            return answer

        projects = await ask("get-projects", include_stats=True)
        busiest = max(projects["projects"], key=lambda row: row["stats"]["errors_24h"] or 0)["slug"]
        issues = await ask("get-issues", project=busiest, status="unresolved", sort="frequency", limit=SHOWN)
        await ask("get-issue", issue_id=issues["issues"][0]["short_id"])
        await ask("get-events", issue_id=issues["issues"][0]["id"], limit=1, full_trace=True)
        releases = await ask("get-releases", project=busiest, health_data=True)
        version = releases["releases"][0]["untrusted"]["version"]
        await ask("assess-release", project=busiest, version=version)
        await ask("project-health", project=busiest)
        await ask("get-performance", project=busiest)
        await ask("query-sql", sql="SELECT status, count(*) AS issues FROM issues GROUP BY ALL ORDER BY 2 DESC")
        await ask("run-query", name="noisiest_issues", parameters={"project": busiest, "top": SHOWN})
        await ask("describe-data", table="error_counts")
        await ask("sync-now", resource="issues")
        await ask("sync-status")
        # Hours that no sync has asked Sentry to sum up: the copy cannot answer this, so Sentry is asked, once.
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        window = {"start_time": (end - timedelta(hours=2)).isoformat(), "end_time": end.isoformat()}
        await ask("get-performance", project=busiest, **window)
    return asked


def lines(asked: Asked) -> Iterator[str]:
    """An answer in a few lines for a person, its freshness last."""
    kind, show = SHAPES[asked.tool]
    rows = asked.answer[kind]
    rows = rows if isinstance(rows, list) else [rows]
    for row in rows[:SHOWN]:
        yield show(row)
    if len(rows) > SHOWN:
        yield f"... and {len(rows) - SHOWN} more {kind}"
    yield "freshness: " + freshness(asked.answer["freshness"])


def freshness(found: Mapping[str, Any]) -> str:
    """What an answer says of its own worth, in one line."""
    parts = [f"source {found['source']}", f"as of {found['as_of']} ({found['age_seconds']} s ago)"]
    parts.append("stale" if found["stale"] else "not stale")
    parts.append("complete" if found["complete"] else "NOT complete")
    if found["coverage"]:
        parts.append(f"covers {found['coverage']['from']} to {found['coverage']['to']}")
    if found["fell_through_because"]:
        parts.append(f"asked Sentry because {found['fell_through_because']}")
    return ", ".join(parts)


def _project(row: Mapping[str, Any]) -> str:
    return f"{row['slug']} ({row['platform']}): {row['stats']['errors_24h']} errors in 24 h"


def _issue(row: Mapping[str, Any]) -> str:
    events = row["frequency"]["events"]
    return f"{row['short_id']} {row['status']}, {events} events, {row['users']} users: {row['untrusted']['title']}"


def _one_issue(row: Mapping[str, Any]) -> str:
    said = row["untrusted"]
    return f"{row['short_id']} {row['status']}, {row['priority']} priority: {said['title']}"


def _event(row: Mapping[str, Any]) -> str:
    said = row["untrusted"]
    where = f"{row['timestamp']} in {said.get('environment') or 'no environment'}"
    exceptions = (said.get("trace") or {}).get("exceptions") or []
    if not exceptions:
        return f"{where}: {said.get('title')}"
    frames = [frame for frame in exceptions[0]["frames"] if frame["in_app"]] or exceptions[0]["frames"]
    at = f" at {frames[0]['file']}:{frames[0]['line']}" if frames else ""
    return f"{where}: {exceptions[0]['type']}{at}, {len(exceptions[0]['frames'])} frames"


def _release(row: Mapping[str, Any]) -> str:
    healths = [f"{each['untrusted']['environment']} {each['crash_free_sessions']:.2%}" for each in row["health"]]
    return f"{row['untrusted']['version']}: crash-free sessions {', '.join(healths) or 'not known'}"


def _part(row: Mapping[str, Any]) -> str:
    return f"{row['part']}: " + ("not known" if row["score"] is None else f"{row['score']:.0f} of 100")


def _transaction(row: Mapping[str, Any]) -> str:
    name = row["untrusted"]
    return f"{name['transaction']} ({name['environment']}): {row['count']} times, p95 {row['p95_ms']} ms"


def _stream(row: Mapping[str, Any]) -> str:
    return f"{row['stream']}: {row['state']}, {row['rows']} rows"


def _resource(row: Mapping[str, Any]) -> str:
    return f"{row['resource']}: as of {row['as_of']}, {'stale' if row['stale'] else 'not stale'}"


SHAPES: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "get-projects": ("projects", _project),
    "get-issues": ("issues", _issue),
    "get-issue": ("issue", _one_issue),
    "get-events": ("events", _event),
    "get-releases": ("releases", _release),
    "assess-release": ("verdict", lambda said: f"verdict: {said}"),
    "project-health": ("parts", _part),
    "get-performance": ("transactions", _transaction),
    "query-sql": ("untrusted", lambda said: ", ".join(f"{status} {count}" for status, count in said["rows"])),
    "run-query": ("untrusted", lambda said: ", ".join(f"{row[1]} {row[6]} errors" for row in said["rows"])),
    "describe-data": ("columns", lambda column: f"{column['name']} {column['type']}"),
    "sync-now": ("streams", _stream),
    "sync-status": ("resources", _resource),
}
"""For each tool, where its rows are (or its one row) and how one is told in a line."""
