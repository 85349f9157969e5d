"""What tools cost a model to read: the list of them, and a typical answer of each, in both channels.

Usage: python -m benchmarks.sizes [--tokenizer FILE]

The copy is that of a simulated organization of five projects and 2,000 issues; each tool is asked as an agent
would, with no more arguments than it needs. Tokens are counted with the tokenizer in FILE, a `tokenizer.json` as
the package `tokenizers` reads it; without one they are left out, since bytes divided by four is no measurement.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import harness

LIST_BOUND, ANSWER_BOUND = 20_000, 24_000
WORLD = ("--projects", "5", "--issues", "2000", "--events-per-day", "3000", "--static", "--rate-limit", "off")

Count = Callable[[str], str]


def main() -> None:
    """Print a row for the list and for each tool's answer, and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer.json")
    tokens = _counter(parser.parse_args().tokenizer)
    with tempfile.TemporaryDirectory() as folder, harness.simulator(*WORLD) as url:
        env = harness.environment(url, Path(folder) / "store", SENTRY_SYNC_RATE_LIMIT="10000")
        harness.run(harness.cli("sync"), env)
        client = harness.RawClient(harness.cli("mcp"), env)
        try:
            listed = json.loads(client.request("tools/list", {}))["result"]["tools"]
            whole = _compact(listed)
            print(f"{'':18} {'structure':>20} {'text':>20}")
            print(f"{'tools/list':18} {_sized(whole, tokens):>20}  ({len(listed)} tools)")
            offered = {tool["name"] for tool in listed}
            questions = {name: given for name, given in _questions(client).items() if name in offered}
            largest = max(_row(client, name, given, tokens) for name, given in questions.items())
        finally:
            client.close()
    print(harness.verdict("tools/list", len(whole.encode()), LIST_BOUND, unit=" bytes"))
    print(harness.verdict("the largest answer", largest, ANSWER_BOUND, unit=" bytes"))


def _questions(client: harness.RawClient) -> dict[str, dict[str, object]]:
    """Each tool with what it needs: the busiest project, and what an agent finds there first."""
    projects = _asked(client, "get-projects", {"include_stats": True})["projects"]
    project = max(projects, key=lambda row: row["stats"]["errors_24h"] or 0)["slug"]
    issue = _asked(client, "get-issues", {"project": project, "sort": "frequency"})["issues"][0]["short_id"]
    release = _asked(client, "get-releases", {"project": project})["releases"][0]["untrusted"]["version"]
    return {
        "get-projects": {},
        "get-issues": {"project": project},
        "get-issue": {"issue_id": issue},
        "get-events": {"issue_id": issue, "full_trace": True},
        "get-performance": {"project": project},
        "get-releases": {"project": project, "health_data": True},
        "assess-release": {"project": project, "version": release},
        "project-health": {"project": project},
        "sync-status": {},
        "sync-now": {"resource": "projects"},
        "query-sql": {"sql": "SELECT status, count(*) AS issues FROM issues GROUP BY status"},
        "run-query": {"name": "error_trend"},
        "describe-data": {},
    }


def _row(client: harness.RawClient, name: str, given: dict[str, object], tokens: Count) -> int:
    result = json.loads(client.call(name, given))["result"]
    if result.get("isError"):
        raise SystemExit(f"{name} refused: {result['content'][0]['text']}")
    structure, text = _compact(result["structuredContent"]), result["content"][0]["text"]
    print(f"{name:18} {_sized(structure, tokens):>20} {_sized(text, tokens):>20}")
    return max(len(structure.encode()), len(text.encode()))


def _asked(client: harness.RawClient, name: str, given: dict[str, object]) -> Any:
    return json.loads(client.call(name, given))["result"]["structuredContent"]


def _sized(text: str, tokens: Count) -> str:
    return f"{len(text.encode())} B{tokens(text)}"


def _counter(file: Path | None) -> Count:
    if file is None:
        return lambda _text: ""
    tokenizer = importlib.import_module("tokenizers").Tokenizer.from_file(str(file))
    return lambda text: f", {len(tokenizer.encode(text).ids)} tokens"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
