"""How the simulator's tests ask it things: no socket, JSON out, pages walked by the Link header."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
ORG = "organizations/acme"
SMALL = WorldSize(projects=5, issues=120, events_per_day=120, releases=6, days=10)


def simulator(**changes: Any) -> Simulator:
    """A frozen, static, unlimited simulator; changes are options."""
    options: dict[str, Any] = {"start": NOW, "frozen": True, "static": True, "rate_limit": None, "size": SMALL}
    return Simulator(SimulatorOptions(**{**options, **changes}))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Any

    def link(self, rel: str) -> dict[str, str]:
        """The attributes of one rel of the Link header."""
        for part in self.headers["Link"].split(", <"):
            attributes = dict(re.findall(r'(\w+)="([^"]*)"', part))
            if attributes["rel"] == rel:
                return attributes
        raise AssertionError(f"no rel {rel}")


def ask(
    sim: Simulator,
    path: str,
    query: dict[str, Any] | None = None,
    *,
    method: str = "GET",
    body: Any = None,
    token: str | None = "sntryu_simulator",
) -> Answer:
    """One request below /api/0/."""
    target = f"/api/0/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    raw = json.dumps(body).encode() if body is not None else b""
    status, answered, content = sim.handle(method, target, headers, raw)
    kind = answered.get("Content-Type", "")
    return Answer(status, answered, json.loads(content) if "json" in kind and content else content)


def walk(sim: Simulator, path: str, query: dict[str, Any] | None = None, limit: int = 200) -> list[Answer]:
    """Every page, as long as next has results."""
    pages: list[Answer] = []
    asked = dict(query or {})
    while len(pages) < limit:
        page = ask(sim, path, asked)
        assert page.status == 200, page.body
        pages.append(page)
        following = page.link("next")
        if following["results"] != "true":
            return pages
        asked["cursor"] = following["cursor"]
    raise AssertionError("the pages do not end")


def issue_ids(pages: list[Answer]) -> list[str]:
    """The ids of all rows of all pages."""
    return [row["id"] for page in pages for row in page.body]
