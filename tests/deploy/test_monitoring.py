"""The board and the alerts: they ask only for what /metrics shows, in a language that Prometheus understands."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from sentry_sync.records.delivery import Taken
from sentry_sync.serve.metrics import Metrics
from tests.answers.desk import Asking
from tests.deploy.image import ROOT
from tests.deploy.tools import said_by, theirs

DEPLOY = ROOT / "deploy"
BOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "sentry-sync.json").read_text(encoding="utf-8"))
PANELS = {panel["title"]: panel for panel in BOARD["panels"] if panel["type"] != "row"}
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
RULES = {rule["alert"]: rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]}
EXPRESSIONS = [target["expr"] for panel in PANELS.values() for target in panel["targets"]] + list(RULES.values())

SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """What /metrics shows of a daemon to which everything has happened once: the labels of each sample by name."""
    asking = Asking(tmp_path_factory.mktemp("metrics"))
    asking.rig.sync("projects")
    metrics = Metrics()
    metrics.reads(lambda counted: asking.offline.holdings(counted=counted))
    metrics.request_sent("live", 200, 0.1)
    metrics.turn_ended("projects", "done", 1)
    metrics.answered("get-issues", "local", 0.001)
    metrics.heard("/mcp", 200, 0.001)
    metrics.webhook(Taken.ACCEPTED.value)
    metrics.stream("/sse", 1)
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    yield found
    asking.close()


def parsed(expression: str) -> Any:
    """The expression as Prometheus gets it from Grafana."""
    return promql_parser.parse(expression.replace("$__rate_interval", "5m").replace("$job", "sentry-sync"))


def nodes(expression: str, kind: type[Any]) -> list[Any]:
    found: list[Any] = []

    def look(node: Any) -> None:
        if isinstance(node, kind):
            found.append(node)

    promql_parser.walk(parsed(expression), look)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_asked_for_is_shown(expression: str, shown: dict[str, set[str]]) -> None:
    selectors = nodes(expression, promql_parser.VectorSelector)
    assert selectors
    labels = set(SCRAPED)
    for selector in selectors:
        assert selector.name in shown
        assert {matcher.name for matcher in selector.matchers.matchers} <= shown[selector.name] | SCRAPED
        labels |= shown[selector.name]
    for aggregated in nodes(expression, promql_parser.AggregateExpr):
        assert set(aggregated.modifier.labels if aggregated.modifier else ()) <= labels


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_names_its_lines_by_labels_that_they_have(title: str, shown: dict[str, set[str]]) -> None:
    for target in PANELS[title]["targets"]:
        kept = [
            set(one.modifier.labels) for one in nodes(target["expr"], promql_parser.AggregateExpr) if one.modifier
        ]
        whole = {label for one in nodes(target["expr"], promql_parser.VectorSelector) for label in shown[one.name]}
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert named <= (kept[0] if kept else whole)


def test_a_label_in_an_alerts_words_is_one_it_has(shown: dict[str, set[str]]) -> None:
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            (selector,) = nodes(rule["expr"], promql_parser.VectorSelector)
            named = set(re.findall(r"\$labels\.(\w+)", "".join(rule["annotations"].values())))
            assert named <= shown[selector.name], rule["alert"]


def test_every_figure_of_ours_is_on_the_board(shown: dict[str, set[str]]) -> None:
    asked = {one.name for expression in EXPRESSIONS for one in nodes(expression, promql_parser.VectorSelector)}
    parts = ("_bucket", "_count", "_sum")
    families = {re.sub("|".join(f"{part}$" for part in parts), "", name) for name in shown}
    ours = {name for name in families if not name.startswith("sentry_sync_process_")}
    lacking = ours - {re.sub("_bucket$", "", name) for name in asked}
    assert not lacking, "a new figure needs a panel in deploy/grafana/dashboards/sentry-sync.json"


def test_panels_stand_beside_each_other_and_have_one_source() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    folder = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))[
        "datasources"
    ]
    used = {target["datasource"]["uid"] for panel in PANELS.values() for target in panel["targets"]}
    assert used == {source["uid"]}


def test_alerts_go_off_when_they_should_and_not_before(tmp_path: Path) -> None:
    for path in (DEPLOY / "prometheus" / "alerts.yml", Path(__file__).with_name("alerts.test.yml")):
        shutil.copy(path, tmp_path)
    assert "SUCCESS" in said_by(
        theirs("promtool", "prometheus"), "test", "rules", str(tmp_path / "alerts.test.yml")
    )
    tested = (tmp_path / "alerts.test.yml").read_text(encoding="utf-8")
    assert all(f"alertname: {name}" in tested for name in RULES)


def test_prometheus_reads_its_configuration(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "prometheus", tmp_path, dirs_exist_ok=True)
    token = tmp_path / "token"
    token.write_text("0123456789abcdef", encoding="utf-8")
    file = tmp_path / "prometheus.yml"
    text = file.read_text(encoding="utf-8")
    assert "/run/secrets/sentry_sync_mcp_token" in text
    file.write_text(text.replace("/run/secrets/sentry_sync_mcp_token", str(token)), encoding="utf-8")
    said_by(theirs("promtool", "prometheus"), "check", "config", "--lint=all", "--lint-fatal", str(file))
