"""Alerts from the data to whoever is told, with a clock of ours and receivers on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from sentry_sync.answers.alert_messages import TOLD, as_slack, message, sample
from sentry_sync.answers.alert_targets import Command, Slack, Undelivered, Webhook
from sentry_sync.answers.alerts import EVERY, REST, SETTLE, Watch, try_out
from sentry_sync.errors import QueryError, QuestionError
from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.audit_trail import Entry
from sentry_sync.store.store import Store
from sentry_sync.trends.alerting import LONGEST, Anomaly, Change, Rule, State, Threshold
from sentry_sync.trends.session import Result, answers_within
from tests.answers.desk import NOW, Asking
from tests.support.clock import FakeClock
from tests.support.rows import issue, project

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
WINDOW = Interval(NOW - timedelta(days=3), NOW)
NOISY = Rule("noisy", "noisiest_issues", "errors", Threshold(100), ("team",), {"days": 1})


@dataclass
class Hearing:
    """Somebody who can be told, or not."""

    deaf: bool = False
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    def tell(self, told: Mapping[str, Any]) -> None:
        if self.deaf:
            raise Undelivered("it answered 500")
        self.heard.append(told)


@dataclass
class Stage:
    """A watch over a store that is written to."""

    asking: Asking
    team: Hearing
    said: list[str]
    watch: Watch

    def errors(self, *many: int, hour: int = 2) -> None:
        rows = [ErrorCount("2", str(17 + at), "", "1", NOW - hour * HOUR, n, 1) for at, n in enumerate(many)]
        held = [issue(id=str(17 + at), short_id=f"API-{at}") for at in range(len(many))]
        self.asking.fill([project("2", "api"), *held, *rows], error_counts=WINDOW, issues=WINDOW)

    def look(self, after: timedelta) -> int:
        return self.watch.look(NOW + after)

    def again(self, *rules: Rule) -> Watch:
        """As a new process would."""
        self.watch.close()
        self.watch = watch_of(self.asking, self.team, self.said, *rules)
        return self.watch


def watch_of(asking: Asking, team: Hearing, said: list[str], *rules: Rule) -> Watch:
    return Watch(asking.rig.store, asking.rig.clock, rules or (NOISY,), {"team": team}, said.append)


@pytest.fixture
def stage(asking: Asking) -> Iterator[Stage]:
    team, said = Hearing(), list[str]()
    found = Stage(asking, team, said, watch_of(asking, team, said))
    yield found
    found.watch.close()


def test_who_is_to_hear_of_it_is_told_once_when_it_begins_and_once_when_it_ends(stage: Stage) -> None:
    stage.errors(50, 20)
    assert stage.look(0 * SECOND) == 0
    stage.errors(150, 20)
    assert stage.look(5 * SECOND) == 1
    (told,) = stage.team.heard
    assert (told["rule"], told["says"]) == ("noisy", "errors of noisiest_issues is above 100")
    assert told["firing"] == [{"since": "2026-11-20T12:35:01Z", "value": 150.0, "untrusted": {"issue_id": "17"}}]
    assert told["recovered"] == []
    assert any(note.startswith("error_counts: complete from") for note in told["notes"])
    stage.errors(180, 20)
    assert stage.look(10 * SECOND) == 0
    assert stage.look(10 * HOUR) == 0
    assert stage.look(30 * HOUR) == 1  # its errors are older than a day by now
    assert [one["untrusted"] for one in stage.team.heard[1]["recovered"]] == [{"issue_id": "17"}]
    assert stage.team.heard[1]["firing"] == []
    assert stage.look(31 * HOUR) == 0
    assert stage.asking.rig.rows(tables.alerts) == []


def test_it_is_told_within_five_seconds_of_the_data(stage: Stage) -> None:
    stage.errors(50)
    assert stage.look(0 * SECOND) == 0
    stage.errors(150)
    looks = [at * SECOND for at in range(1, 6)]
    first = next(at for at in looks if stage.look(at))
    assert first == SETTLE < 5 * SECOND


class Counting(FakeClock):
    """Knows how often it was asked: answers to queries are timed by it."""

    asked = 0

    def now(self) -> datetime:
        self.asked += 1
        return super().now()


def test_nothing_is_asked_while_nobody_has_written_but_once_a_minute(stage: Stage) -> None:
    clock = Counting(NOW)
    stage.errors(150)
    watch = Watch(stage.asking.rig.store, clock, [NOISY], {"team": stage.team}, stage.said.append)
    watch.look(NOW)
    watch.look(NOW + SETTLE)  # sees what the watch itself has written
    last = clock.asked
    assert last > 0
    for second in range(5, 60):
        watch.look(NOW + second * SECOND)
    assert clock.asked == last
    watch.look(NOW + SETTLE + EVERY)
    assert clock.asked > last
    assert len(stage.team.heard) == 1
    watch.close()


def test_a_new_process_tells_nothing_twice(stage: Stage) -> None:
    stage.errors(150)
    assert stage.look(0 * SECOND) == 1
    assert stage.again().look(NOW + 10 * SECOND) == 0
    stage.errors(10)
    assert stage.again().look(NOW + 20 * SECOND) == 1
    assert len(stage.team.heard) == 2


def test_who_cannot_be_told_is_tried_again_later_and_the_others_are_told_meanwhile(stage: Stage) -> None:
    other = Hearing()
    both = Rule("noisy", "noisiest_issues", "errors", Threshold(100), ("team", "other"), {"days": 1})
    watch = Watch(
        stage.asking.rig.store,
        stage.asking.rig.clock,
        [both],
        {"team": stage.team, "other": other},
        stage.said.append,
    )
    stage.team.deaf = True
    stage.errors(150)
    assert watch.look(NOW) == 1
    assert stage.said == ["the alert noisy did not reach team: it answered 500; next try in 30 s"]
    for second in (3, 10, 29):
        assert watch.look(NOW + second * SECOND) == 0
    assert watch.look(NOW + REST) == 0
    assert stage.said[1:] == ["the alert noisy did not reach team: it answered 500; next try in 60 s"]
    stage.team.deaf = False
    assert watch.look(NOW + REST + 61 * SECOND) == 1
    assert (len(other.heard), len(stage.team.heard)) == (1, 1)
    watch.close()


def test_what_recovers_before_anybody_heard_of_it_is_no_news(stage: Stage) -> None:
    stage.team.deaf = True
    stage.errors(150)
    assert stage.look(0 * SECOND) == 0
    stage.errors(10)
    stage.look(5 * SECOND)
    stage.team.deaf = False
    assert stage.look(HOUR) == 0
    assert stage.team.heard == []


def test_all_that_changed_of_a_rule_is_one_message(stage: Stage) -> None:
    stage.errors(*[150] * (TOLD + 3))
    assert stage.look(0 * SECOND) == 1
    (told,) = stage.team.heard
    assert (len(told["firing"]), told["firing_more"]) == (TOLD, 3)


def test_a_subject_that_others_push_off_a_list_has_not_recovered(stage: Stage) -> None:
    """The query gives its twenty noisiest unless told otherwise."""
    stage.errors(*[150] * 25)
    stage.look(0 * SECOND)
    (told,) = stage.team.heard
    assert len(told["firing"]) + told["firing_more"] == 25
    two = Rule("noisy", "noisiest_issues", "errors", Threshold(100), ("team",), {"days": 1, "top": 2})
    assert stage.again(two).look(NOW + 5 * SECOND) == 0
    assert len(stage.watch.states()) == 25


def test_a_rule_that_cannot_be_asked_is_said_once_and_stops_no_other(stage: Stage) -> None:
    missing = Rule("later", "error_trend", "errors", Threshold(1), ("team",), {"project": "later"})
    stage.errors(150)
    watch = stage.again(missing, NOISY)
    assert watch.look(NOW) == 1
    watch.look(NOW + 2 * EVERY)
    assert len(stage.said) == 1
    assert stage.said[0].startswith("the alert later cannot be asked: the project later is not known here")


def test_a_rule_that_is_gone_from_the_settings_is_forgotten(stage: Stage) -> None:
    stage.errors(150)
    stage.look(0 * SECOND)
    growing = Rule("growing", "noisiest_issues", "errors", Change("previous", 5), ("team",), {"days": 1})
    assert stage.again(growing).look(NOW + 5 * SECOND) == 1
    assert {row.rule for row in stage.asking.rig.rows(tables.alerts)} == {"growing"}


def test_a_query_that_fails_stops_no_other_rule_and_not_the_process(stage: Stage) -> None:
    def ask(paths: Any, connection: Any, questions: Any, clock: Any) -> list[Result]:
        if any("release_health" in question.statement for question in questions):
            raise QueryError("the statement was stopped after 30 seconds")
        return answers_within(paths, connection, questions, clock)

    failing = Rule("failing", "crash_free_trend", "sessions", Threshold(1), ("team",))
    rig, noted = stage.asking.rig, list[Entry]()
    stage.errors(150)
    with closing(
        Watch(
            rig.store,
            rig.clock,
            [failing, NOISY],
            {"team": stage.team},
            stage.said.append,
            note=noted.append,
            ask=ask,
        )
    ) as watch:
        assert watch.look(NOW) == 1
        watch.look(NOW + 2 * EVERY)
    assert stage.said == ["the alert failing cannot be asked: the statement was stopped after 30 seconds"]
    assert [(one.who, one.outcome, one.rows) for one in noted] == [("alert: noisy", "ok", 1)]


def test_a_target_that_a_rule_no_longer_tells_is_forgotten_though_the_rule_cannot_be_asked(stage: Stage) -> None:
    stage.team.deaf = True
    stage.errors(150)
    stage.look(0 * SECOND)
    broken = Rule("noisy", "error_trend", "errors", Threshold(1), ("other",), {"project": "later"})
    stage.watch.adopt([broken], {"other": Hearing()})
    assert stage.look(HOUR) == 0
    assert stage.asking.rig.rows(tables.alerts) == []


def test_the_newest_day_of_many_series_is_looked_at(stage: Stage) -> None:
    day, last = timedelta(days=1), 9  # of sixteen, by the letters of their names
    counts = [
        ErrorCount(str(at), "17", "", "1", NOW - days * day, 900 if (at, days) == (last, 1) else 10, 1)
        for at in range(1, 17)
        for days in range(1, 14)
    ]
    listed = [project(str(at), f"p{at}") for at in range(1, 17)]
    stage.asking.fill([*listed, *counts], error_counts=Interval(NOW - 20 * day, NOW))
    odd = Rule("odd", "error_trend", "errors", Anomaly(4), ("team",))
    assert stage.again(odd).look(NOW) == 1
    (told,) = stage.team.heard
    assert [one["untrusted"] for one in told["firing"]] == [{"project": f"p{last}"}]


def test_a_series_that_is_cut_is_not_judged_by_its_oldest_points(stage: Stage) -> None:
    def ask(paths: Any, connection: Any, questions: Any, clock: Any) -> list[Result]:
        found = answers_within(paths, connection, questions, clock)
        assert {question.rows for question in questions} == {LONGEST}
        return [replace(one, truncated=True) for one in found]

    rig = stage.asking.rig
    stage.errors(150)
    any_day = Rule("any", "error_trend", "errors", Threshold(1), ("team",))
    with closing(
        Watch(rig.store, rig.clock, [any_day], {"team": stage.team}, stage.said.append, ask=ask)
    ) as watch:
        assert watch.look(NOW) == 0
        watch.look(NOW + 2 * EVERY)
    assert stage.said == [
        "the alert any cannot be asked: it has more than 10,000 points: name a project, or fewer days"
    ]


def test_states_are_there_to_be_shown(stage: Stage) -> None:
    stage.errors(150)
    stage.look(0 * SECOND)
    (state,) = stage.watch.states()
    assert (state.rule, state.subject, state.target, state.firing, state.told) == (
        "noisy", (("issue_id", "17"),), "team", True, True
    )  # fmt: skip


def test_before_anything_was_synced_there_is_nothing_to_say(tmp_path: Path) -> None:
    said: list[str] = []
    watch = Watch(Store(tmp_path / "none"), FakeClock(NOW), [NOISY], {"team": Hearing()}, said.append)
    assert (watch.look(NOW), watch.states()) == (0, [])
    watch.close()
    assert list(tmp_path.iterdir()) == []


# -- messages ---------------------------------------------------------------------------------

HOSTILE = "<!channel> <https://evil.example|click> `*x*` & \u202egnp\n@here"


def state(**changes: Any) -> State:
    given = {"rule": "r", "subject": (("transaction", HOSTILE),), "target": "team", "firing": True,
             "since": NOW, "value": 3.0, "told": False}  # fmt: skip
    return State(**{**given, **changes})


def test_names_out_of_events_are_untrusted_and_clean_in_a_message() -> None:
    told = message(NOISY, [state(), state(firing=False, value=None)], NOW, ["a note"])
    (firing,), (calm,) = told["firing"], told["recovered"]
    assert firing["untrusted"] == {"transaction": "<!channel> <https://evil.example|click> `*x*` & gnp @here"}
    assert (firing["value"], calm["value"], told["notes"]) == (3.0, None, ["a note"])
    assert orjson.loads(orjson.dumps(told)) == told


def test_in_slack_a_name_neither_links_nor_mentions_nor_formats() -> None:
    told = as_slack(message(NOISY, [state(), state(firing=False)], NOW, ["a <note>"]))
    assert (told["parse"], told["unfurl_links"], told["unfurl_media"]) == ("none", False, False)
    lines = told["text"].splitlines()
    assert len(lines) == 4
    named = "`&lt;!channel&gt; &lt;https://evil.example|click&gt; '*x*' &amp; gnp @here`"
    assert lines[1] == f":red_circle: transaction {named}: 3 since 2026-11-20T12:34:56Z"
    assert lines[2] == f":white_check_mark: no longer: transaction {named}: 3 since 2026-11-20T12:34:56Z"
    assert lines[3] == "_a &lt;note&gt;_"
    assert "<" not in told["text"]


# -- targets ----------------------------------------------------------------------------------


@dataclass
class Receiver:
    url: str
    status: int = 200
    location: str | None = None
    bodies: list[Any] = field(default_factory=list)


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            if found.location:
                self.send_header("Location", found.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name)
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Receiver(f"http://127.0.0.1:{server.server_port}/secret-path")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_webhooks_get_the_message_and_slack_a_text() -> None:
    told = sample("try", NOW)
    with receiver() as there:
        Webhook(there.url).tell(told)
        Slack(there.url).tell(told)
    assert there.bodies == [told, as_slack(told)]


@pytest.mark.parametrize(
    ("status", "said"), [(500, "it answered 500"), (404, "it answered 404"), (302, "it answered 302")]
)
def test_what_a_target_refuses_is_said_without_its_address(status: int, said: str) -> None:
    with receiver() as there:
        there.status = status
        there.location = there.url if status == 302 else None
        with pytest.raises(Undelivered) as refused:
            Webhook(there.url).tell(sample("try", NOW))
    assert str(refused.value) == said
    assert len(there.bodies) == 1  # a redirection leads nowhere


def test_who_is_not_there_is_said_without_the_address() -> None:
    with receiver() as there:
        pass
    with pytest.raises(Undelivered) as refused:
        Slack(there.url).tell(sample("try", NOW))
    assert str(refused.value) == "it could not be reached (ConnectError)"
    assert "secret-path" not in repr(Slack(there.url)) + repr(Webhook(there.url)) + repr(Command((there.url,)))


def test_a_command_gets_the_message_on_its_input_and_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "secret")
    told, into = sample("try", NOW), tmp_path / "out; touch x"
    script = (
        "import sys, os, json; open(sys.argv[1], 'w').write(sys.stdin.read() + json.dumps(sorted(os.environ)))"
    )
    Command((sys.executable, "-c", script, str(into))).tell(told)
    body, _, environment = into.read_text().partition("}[")
    assert orjson.loads(body + "}") == told
    assert "SENTRY_AUTH_TOKEN" not in environment
    assert list(tmp_path.iterdir()) == [into]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), "its command ended with 3"),
        (("/nowhere/at/all",), r"its command could not be run \(FileNotFoundError\)"),
    ],
)
def test_a_command_that_fails_is_undelivered(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(Undelivered, match=f"^{said}$"):
        Command(arguments).tell(sample("try", NOW))


def test_a_test_goes_to_whoever_the_alert_tells_and_says_what_went_wrong() -> None:
    team, deaf = Hearing(), Hearing(deaf=True)
    both = Rule("noisy", "q", "n", Threshold(1), ("team", "deaf"))
    targets = {"team": team, "deaf": deaf}
    assert try_out("noisy", [both], targets, NOW) == {"team": None, "deaf": "it answered 500"}
    assert try_out("team", [both], targets, NOW) == {"team": None}
    assert [one["says"] for one in team.heard] == ["this is a test: nothing is wrong"] * 2
    with pytest.raises(QuestionError, match=r"no alert or target of that name .* there are: noisy, team, deaf"):
        try_out("nope", [both], targets, NOW)
