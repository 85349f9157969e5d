"""Every body the simulator gives for sentry.io is checked against Sentry's own OpenAPI contract."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

from sentry_sync.simulator import Simulator
from tests.simulator.asking import ORG, ask, simulator

FOLDER = os.environ.get("SENTRY_OPENAPI", "")
ORGANIZATION = "/api/0/organizations/{organization_id_or_slug}"
PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}"
# Sentry's contract calls these required, but its serializers leave them out unless `expand` asks,
# or write null: what the facts about the API say wins over the schema here.
OPTIONAL = {"inbox", "owners", "integrationIssues", "sentryAppIssues", "sessionCount", "latestEventHasAttachments",
            "matchingEventId", "matchingEventEnvironment"}  # fmt: skip
NULLABLE = {"inbox", "owners", "sessionCount", "user"}

pytestmark = pytest.mark.skipif(
    not FOLDER or not Path(FOLDER).is_dir(), reason="SENTRY_OPENAPI does not name a folder"
)


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulator()


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    text = Path(FOLDER, "openapi.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)["paths"]
    return loaded


def schema_of(contract: dict[str, Any], path: str) -> Any:
    responses = contract[path]["get"]["responses"]
    return _plain(responses["200"]["content"]["application/json"]["schema"])


def _plain(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema has it, and the known exceptions."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    found = {name: _plain(value) for name, value in node.items() if name not in ("nullable", "example")}
    if isinstance(found.get("required"), list):
        found["required"] = [name for name in found["required"] if name not in OPTIONAL]
    for name in NULLABLE & set(found.get("properties") or {}):
        found["properties"][name] = {"anyOf": [found["properties"][name], {"type": "null"}]}
    return {"anyOf": [found, {"type": "null"}]} if node.get("nullable") else found


def errors(contract: dict[str, Any], path: str, body: Any) -> list[str]:
    found: Iterator[Any] = Draft202012Validator(schema_of(contract, path)).iter_errors(body)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found][:10]


EXPLORE = {
    "dataset": "errors",
    "field": ["project", "count()", "last_seen()"],
    "statsPeriod": "24h",
}
SPANS = {
    "dataset": "spans",
    "field": ["transaction", "p95(span.duration)", "count(span.duration)"],
    "query": "is_transaction:true",
    "statsPeriod": "2h",
}
EXPANDED = {"query": "", "limit": 100, "expand": ["inbox", "owners", "integrationIssues", "sentryAppIssues"]}
LISTS: list[tuple[str, str, dict[str, Any]]] = [
    ("/api/0/organizations/", "organizations/", {}),
    (f"{ORGANIZATION}/", f"{ORG}/", {}),
    (f"{ORGANIZATION}/projects/", f"{ORG}/projects/", {}),
    (f"{ORGANIZATION}/environments/", f"{ORG}/environments/", {}),
    (f"{ORGANIZATION}/teams/", f"{ORG}/teams/", {}),
    (f"{ORGANIZATION}/members/", f"{ORG}/members/", {}),
    (f"{PROJECT}/", "projects/acme/checkout-api/", {}),
    (f"{PROJECT}/environments/", "projects/acme/checkout-api/environments/", {}),
    (f"{PROJECT}/releases/", "projects/acme/checkout-api/releases/", {}),
    (f"{PROJECT}/events/", "projects/acme/checkout-api/events/", {}),
    (f"{ORGANIZATION}/issues/", f"{ORG}/issues/", EXPANDED),
    (f"{ORGANIZATION}/issues/", f"{ORG}/issues/", {"query": "release:latest", "limit": 20}),
    (f"{ORGANIZATION}/releases/", f"{ORG}/releases/", {}),
    (f"{ORGANIZATION}/releases/", f"{ORG}/releases/", {"health": "1", "adoptionStages": "1", "per_page": 25}),
    (f"{ORGANIZATION}/events/", f"{ORG}/events/", EXPLORE),
    (f"{ORGANIZATION}/events/", f"{ORG}/events/", SPANS),
    (
        f"{ORGANIZATION}/events-timeseries/",
        f"{ORG}/events-timeseries/",
        {"dataset": "errors", "statsPeriod": "6h"},
    ),
    (
        f"{ORGANIZATION}/sessions/",
        f"{ORG}/sessions/",
        {
            "field": ["sum(session)", "crash_free_rate(user)"],
            "groupBy": ["project", "release"],
            "statsPeriod": "2d",
        },
    ),
    (
        f"{ORGANIZATION}/stats_v2/",
        f"{ORG}/stats_v2/",
        {"field": "sum(quantity)", "groupBy": ["outcome", "category"], "statsPeriod": "1d"},
    ),
]


@pytest.mark.parametrize(
    ("path", "target", "query"), LISTS, ids=[f"{n}-{case[1]}" for n, case in enumerate(LISTS)]
)
def test_the_bodies_of_lists_keep_the_contract(
    sim: Simulator, contract: dict[str, Any], path: str, target: str, query: dict[str, Any]
) -> None:
    answer = ask(sim, target, query)
    assert answer.status == 200
    assert answer.body, "an empty body proves nothing"
    assert errors(contract, path, answer.body) == []


def test_the_bodies_of_one_issue_keep_the_contract(sim: Simulator, contract: dict[str, Any]) -> None:
    issue = max(sim.world.issues.values(), key=lambda found: found.count)
    event = ask(sim, f"{ORG}/issues/{issue.id}/events/latest/").body["id"]
    base = f"{ORGANIZATION}/issues/{{issue_id}}"
    cases = {
        f"{base}/": f"{ORG}/issues/{issue.id}/",
        f"{base}/events/": f"{ORG}/issues/{issue.id}/events/",
        f"{base}/events/{{event_id}}/": f"{ORG}/issues/{issue.id}/events/{event}/",
        f"{base}/hashes/": f"{ORG}/issues/{issue.id}/hashes/",
        f"{base}/tags/{{key}}/": f"{ORG}/issues/{issue.id}/tags/level/",
        f"{base}/tags/{{key}}/values/": f"{ORG}/issues/{issue.id}/tags/level/values/",
        f"{PROJECT}/events/{{event_id}}/": f"projects/acme/{issue.project.slug}/events/{event}/",
        f"{ORGANIZATION}/eventids/{{event_id}}/": f"{ORG}/eventids/{event}/",
        f"{ORGANIZATION}/shortids/{{issue_id}}/": f"{ORG}/shortids/{issue.short_id}/",
    }
    found = {path: errors(contract, path, ask(sim, target).body) for path, target in cases.items()}
    assert found == {path: [] for path in cases}


def test_the_bodies_of_one_release_keep_the_contract(sim: Simulator, contract: dict[str, Any]) -> None:
    bad = sim.world.bad_release()
    assert bad is not None
    target = f"{ORG}/releases/{quote(bad.version, safe='')}"
    base = f"{ORGANIZATION}/releases/{{version}}"
    cases = {
        f"{base}/": f"{target}/",
        f"{base}/deploys/": f"{target}/deploys/",
        f"{base}/commits/": f"{target}/commits/",
    }
    found = {path: errors(contract, path, ask(sim, asked).body) for path, asked in cases.items()}
    assert found == {path: [] for path in cases}


def test_every_event_body_keeps_the_contract_whatever_the_platform(
    sim: Simulator, contract: dict[str, Any]
) -> None:
    path = f"{PROJECT}/events/"
    for project in sim.world.projects:
        full = ask(sim, f"projects/acme/{project.slug}/events/", {"full": "1"}).body
        assert full
        one = f"{PROJECT}/events/{{event_id}}/"
        for body in full:
            assert errors(contract, one, body | {"nextEventID": None, "previousEventID": None}) == []
    assert path in contract
