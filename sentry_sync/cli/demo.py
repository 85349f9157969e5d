"""``sentry-sync demo``: the whole way from a server to an answer, in seconds and without an account."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sentry_sync.cli import demo_tools, output, simulate, sql, status
from sentry_sync.cli.progress import reporter
from sentry_sync.cli.settings import Settings, exactly
from sentry_sync.cli.sync import as_document, synced
from sentry_sync.errors import SettingsError
from sentry_sync.records.clock import SystemClock
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.store.paths import StorePaths
from sentry_sync.sync.run import RESOURCES, Summary
from sentry_sync.sync.stream import Policy
from sentry_sync.trends.library import library
from sentry_sync.trends.running import run_query

DAYS = 5

WORLD = SimulatorOptions(
    size=WorldSize(projects=3, issues=60, events_per_day=80, releases=4, days=DAYS),
    # A limit of the server's own would have to be learned, which takes waiting for it once.
    rate_limit=None,
)

POLICY = Policy(history_days=DAYS, performance_hours=3, bodies_per_run=5)
"""Few enough requests that nothing waits: a test holds them below the 80 a minute that a sync may send."""

QUERY = "error_trend"


def run(keep: str | None, *, as_json: bool) -> None:
    """Show it all. ``keep`` names a directory for the copy; without it nothing is left behind.

    Raises SettingsError when there is something in that directory already.
    """
    clock = SystemClock()
    began = clock.now()
    with _place(keep) as place, Simulator(WORLD) as server:
        say = _Speaker(as_json=as_json)
        variables = {**simulate.environment(server), "SENTRY_SYNC_STORE": str(place / "store")}
        settings = exactly(variables)
        say.heading(f"A simulated Sentry runs at {server.url}. Syncing it:")
        with reporter(as_json=as_json) as report:
            summary = synced(settings, RESOURCES, POLICY, report, clock)
        say.arrived(summary, status.document(settings, clock))
        say.heading("Asking each tool over MCP (a process of its own, stdio):")
        for asked in demo_tools.ask_all(variables, place):
            say.answer(asked)
        say.trend(settings)
        say.end(clock.now() - began, len(server.requests), place if keep else None)


@contextmanager
def _place(keep: str | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="sentry-sync-demo-") as folder:
            yield Path(folder)
        return
    place = Path(keep).expanduser().absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise SettingsError(f"--keep {place} is not an empty directory: choose another")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield place


class _Speaker:
    """Tells the demo's story: to a person in lines, to a program in JSON documents."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def heading(self, text: str) -> None:
        if not self._as_json:
            output.line(f"\n{text}\n")
            output.flush()

    def arrived(self, summary: Summary, found: dict[str, Any]) -> None:
        if self._as_json:
            output.document({"summary": as_document(summary), "status": found})
            return
        rows = [
            (entry["resource"], table, count)
            for entry in found["resources"]
            for table, count in entry["rows"].items()
        ]
        output.table(("RESOURCE", "TABLE", "ROWS"), rows)
        took = (summary.ended_at - summary.started_at).total_seconds()
        output.line(
            f"\n{summary.requests} requests in {took:.1f} s. Every request after this is a question's own."
        )

    def answer(self, asked: demo_tools.Asked) -> None:
        if self._as_json:
            output.document({"tool": asked.tool, "arguments": asked.arguments, "answer": asked.answer})
            return
        arguments = ", ".join(f"{name}={value!r}" for name, value in asked.arguments.items())
        output.line(output.printable(f"> {asked.tool}({arguments})"))
        for line in demo_tools.lines(asked):
            output.line(f"    {output.printable(line)}")
        output.line()
        output.flush()

    def trend(self, settings: Settings) -> None:
        self.heading(f"{library()[QUERY].title}, by SQL (sentry-sync query {QUERY} -p days={DAYS}):")
        result = run_query(StorePaths(settings.store), QUERY, {"days": DAYS})
        if self._as_json:
            output.document({"trend": sql.as_document(result)})
        else:
            output.table(result.columns, result.rows)
            for note in result.notes:
                output.line(f"freshness: {output.printable(note)}")

    def end(self, took: timedelta, requests: int, kept: Path | None) -> None:
        if self._as_json:
            output.document({"seconds": took.total_seconds(), "requests": requests})
            return
        output.line(f"\nAll of it took {took.total_seconds():.1f} s and {requests} requests.")
        if kept:
            output.line(f"The copy is in {kept / 'store'}: sentry-sync status --store {kept / 'store'}")
        output.line("For your own Sentry: export SENTRY_AUTH_TOKEN=... SENTRY_ORG=..., then run sentry-sync sync.")
