"""The alerts of the settings file: what is read of them, what is refused, and the commands."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.answers.alert_targets import Command, Slack, Webhook
from sentry_sync.cli.alert_rules import Alerts, parsed
from sentry_sync.cli.alerts import ANOTHER, looking, of_file
from sentry_sync.cli.settings import load
from sentry_sync.errors import SettingsError
from sentry_sync.store.audit_trail import AuditTrail
from sentry_sync.trends.alerting import Anomaly, Change, Rule, Threshold
from tests.support.cli import CommandLine
from tests.support.clock import FakeClock
from tests.trends.library_world import AT, built

URL = "https://hooks.example.com/T0/secret-part"
TARGETS = {"team": {"slack": URL}}
NOISY: dict[str, Any] = {"name": "noisy", "query": "noisiest_issues", "above": 5, "to": "team"}


def rules(*given: dict[str, Any], targets: Any = None) -> Any:
    return parsed(list(given), TARGETS if targets is None else targets, AT)


def test_a_rule_is_read_with_its_test_and_whom_it_tells() -> None:
    found = rules(
        NOISY,
        {
            **NOISY,
            "name": "b",
            "above": 5.5,
            "parameters": {"days": 1},
            "column": "previous",
            "to": ["team", "hook"],
        },
        {"name": "c", "query": "noisiest_issues", "times": 2, "at_least": 9, "to": "team"},
        {"name": "d", "query": "error_trend", "deviations": 4, "to": "run"},
        {"name": "e", "query": "crash_free_trend", "below": 0.99, "to": "team"},
        targets={
            "team": {"slack": URL},
            "hook": {"webhook": "http://127.0.0.1:1/x"},
            "run": {"command": ["a", "b c"]},
        },
    )
    assert found.rules == (
        Rule("noisy", "noisiest_issues", "errors", Threshold(5), ("team",)),
        Rule("b", "noisiest_issues", "previous", Threshold(5.5), ("team", "hook"), {"days": 1}),
        Rule("c", "noisiest_issues", "errors", Change("previous", 2, 9), ("team",)),
        Rule("d", "error_trend", "errors", Anomaly(4), ("run",)),
        Rule("e", "crash_free_trend", "crash_free_sessions", Threshold(0.99, above=False), ("team",)),
    )
    assert found.targets == {
        "team": Slack(URL),
        "hook": Webhook("http://127.0.0.1:1/x"),
        "run": Command(("a", "b c")),
    }
    assert rules().rules == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "an alert needs a name"),
        ({"name": "a\nb"}, "an alert needs a name"),
        ({"query": "noisiest"}, "the alert 'noisy': there is no query noisiest"),
        ({"parameters": {"dais": 1}}, "the alert 'noisy': noisiest_issues has no parameter dais"),
        ({"parameters": [1]}, "the alert 'noisy': noisiest_issues has no parameter parameters"),
        (
            {"column": "title"},
            "the alert 'noisy' needs as its column a number of noisiest_issues: errors, previous",
        ),
        ({"above": "5"}, "the alert 'noisy' needs one of above, below, times, deviations, with a number"),
        ({"above": True}, "the alert 'noisy' needs one of above"),
        ({"below": 1}, "the alert 'noisy' needs one of above"),
        ({"to": "nobody"}, "the alert 'noisy' needs in `to` names of alert_targets; there are: team"),
        ({"to": []}, "the alert 'noisy' needs in `to`"),
        ({"too": 1}, "the alert 'noisy' has an unknown key 'too'"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_by_its_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        rules({**NOISY, **changes})
    assert str(refused.value).startswith(said)


def test_tests_must_fit_their_query() -> None:
    given = {"name": "x", "query": "noisiest_issues", "to": "team"}
    with pytest.raises(SettingsError, match="deviations are of a series, and noisiest_issues is none"):
        rules({**given, "deviations": 3})
    with pytest.raises(SettingsError, match="needs as its column a number of error_trend"):
        rules({**given, "query": "error_trend", "times": 2})
    with pytest.raises(SettingsError, match="two alerts named 'noisy'"):
        rules(NOISY, NOISY)


@pytest.mark.parametrize(
    "target",
    [
        {"slack": "http://hooks.example.com/secret-part"},
        {"webhook": "ftp://hooks.example.com/secret-part"},
        {"webhook": 5},
        {"webhook": "https://[secret-part"},
        {"slack": URL, "webhook": URL},
        {"slack": URL, "channel": "#x"},
        {},
        {"command": "rm -rf secret-part"},
        {"command": []},
        {"command": ["a", 1]},
    ],
)
def test_a_target_that_is_wrong_is_refused_and_its_address_is_not_repeated(target: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="the alert target 'team'") as refused:
        rules(NOISY, targets={"team": target})
    assert "secret-part" not in str(refused.value)


@pytest.mark.parametrize(
    ("alerts", "targets"), [({"name": "x"}, TARGETS), (["x"], TARGETS), ([], []), ([], {"a": 1})]
)
def test_what_is_no_table_is_refused(alerts: Any, targets: Any) -> None:
    with pytest.raises(SettingsError, match=r"must be tables: write \["):
        parsed(alerts, targets, AT)


FILE = """
org = "acme"
[[alerts]]
name = "noisy"
query = "noisiest_issues"
above = 5
to = "run"
[alert_targets.run]
command = ["false"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


def test_the_settings_file_may_hold_alerts_beside_settings_and_is_then_private(config: Path) -> None:
    assert load(file=config).org == "acme"
    config.chmod(0o644)
    with pytest.raises(SettingsError, match="holds a secret and others can read it"):
        load(file=config)


def test_alerts_are_listed_with_what_they_fire_for(cli: CommandLine, config: Path, tmp_path: Path) -> None:
    store = built(tmp_path / "store").directory
    found = cli("alerts", "--config", str(config), "--store", str(store))
    assert found.out == "noisy: calm; errors of noisiest_issues is above 5; tells run\n"
    document = cli("alerts", "--config", str(config), "--store", str(store), "--json").document
    assert document == [
        {"name": "noisy", "says": "errors of noisiest_issues is above 5", "to": ["run"], "firing": []}
    ]


def test_without_alerts_nothing_is_looked_at(cli: CommandLine, tmp_path: Path) -> None:
    assert cli("alerts", "--store", str(tmp_path / "none")).out.startswith("There are no alerts")
    with looking(load({"store": tmp_path / "none"}), None, print) as watching:
        watching.look()
    assert not (tmp_path / "none").exists()


def test_of_two_processes_one_tells(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load({"store": built(tmp_path / "store").directory}, config)
    with looking(settings, config, print) as other:
        with looking(settings, config, print) as one:
            one.look()
            assert "did not reach run" in capsys.readouterr().out
            other.look()
            other.look()
            assert capsys.readouterr().out == f"alerts: {ANOTHER}\n"
        other.look()
        assert "did not reach run" in capsys.readouterr().out


def test_other_alerts_are_gone_by_from_the_next_look_on(config: Path, tmp_path: Path) -> None:
    paths, heard = built(tmp_path / "store"), tmp_path / "heard"
    told = FILE.replace('["false"]', f'["{sys.executable}", "-c", "open({str(heard)!r}, \'w\')"]')
    with looking(load({"store": paths.directory}, config), config, print) as watching:
        watching.look()
        config.write_text(told.replace("above = 5", "above = 0"))
        watching.adopt(of_file(config))
        assert not heard.exists()
        watching.look()
        assert heard.exists()
        watching.adopt(Alerts((), {}))
        watching.look()
    with closing(sqlite3.connect(paths.database)) as store:
        assert store.execute("SELECT count(*) FROM alerts").fetchone() == (0,)
    entry, before = AuditTrail(paths.audit, FakeClock(AT), paths.key).last(5)
    assert (before["who"], before["outcome"]) == ("alert: noisy", "undelivered")
    assert (entry["who"], entry["what"], entry["outcome"]) == ("alert: noisy", "alert", "ok")
    assert entry["arguments"] == {"target": "run"}
    assert entry["rows"] >= 1


def test_a_test_says_who_was_told_and_fails_if_somebody_was_not(cli: CommandLine, config: Path) -> None:
    found = cli("alerts", "test", "noisy", "--config", str(config))
    assert (found.code, found.out) == (8, "run: its command ended with 1\n")
    assert cli("alerts", "test", "noisy", "--config", str(config), "--json").document == {
        "run": "its command ended with 1"
    }
    config.write_text(FILE.replace("false", "true"))
    assert cli("alerts", "test", "run", "--config", str(config)).out == "run: told\n"
    assert "there are: noisy, run" in cli("alerts", "test", "nope", "--config", str(config)).refused(2)
