"""An issue is changed at Sentry first; what came of it is told as far as anybody can know, and audited."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sentry_sync.answers.command import Listener
from sentry_sync.answers.context import Answers
from sentry_sync.answers.desk import Means
from sentry_sync.errors import QuestionError, StoreMismatch
from sentry_sync.store import tables
from tests.answers.desk import Asking
from tests.support.rig import TOKEN, Rig


class Writing:
    """A synced store, and answers that may write."""

    def __init__(self, folder: Path, store: Path) -> None:
        shutil.copytree(store, folder / "store")
        self.asking = Asking(folder)
        self.rig = self.asking.rig
        self.answers: Answers = self.asking.answers(self.asking.client, means=Means(allow_writes=True))
        world = self.rig.sim.world.issues.values()
        self.issue = next(issue for issue in world if issue.status == "unresolved" and not issue.assigned_to)

    def update(self, **change: Any) -> dict[str, Any]:
        return self.answers.update_issue(self.issue.id, **change)

    def puts(self) -> int:
        return sum(request.method == "PUT" for request in self.rig.sim.requests)

    def held(self) -> Any:
        issues = tables.issues
        (row,) = self.rig.rows(select(issues).where(issues.c.id == self.issue.id))
        return row

    def audited(self) -> list[tuple[str, str | None, str | None, str]]:
        return [(row.field, row.old, row.new, row.outcome) for row in self.rig.rows(tables.audit_log)]

    def forbid_writing(self) -> None:
        """From now on the store's lock cannot be had."""
        self._lock.unlink()
        self._lock.mkdir()

    @property
    def _lock(self) -> Path:
        return self.rig.store.paths.write_lock

    def close(self) -> None:
        if self._lock.is_dir():
            self._lock.rmdir()
        self.answers.close()
        self.asking.close()


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that each test changes a copy of."""
    rig = Rig(tmp_path_factory.mktemp("synced"))
    rig.sync("projects", "issues")
    rig.close()
    return rig.directory


@pytest.fixture
def writing(tmp_path: Path, synced: Path) -> Iterator[Writing]:
    found = Writing(tmp_path, synced)
    yield found
    found.close()


def outcomes(answer: dict[str, Any]) -> list[str]:
    return [answer["outcome"], *(change["outcome"] for change in answer["changes"])]


def test_unless_it_is_allowed_nothing_is_sent_and_the_line_says_how_to_allow_it(writing: Writing) -> None:
    with pytest.raises(QuestionError, match="--allow-writes"):
        writing.asking.online.update_issue(writing.issue.id, status="resolved")
    assert writing.puts() == 0
    assert writing.audited() == []


def test_an_issue_is_changed_at_sentry_and_then_in_the_copy_with_history(writing: Writing) -> None:
    writing.rig.advance(60)
    answer = writing.update(status="resolved", assign_to="user:9002")
    assert outcomes(answer) == ["done", "done", "done"]
    assert writing.issue.status == "resolved"
    held = writing.held()
    assert (held.status, held.assigned_type, held.assigned_id) == ("resolved", "user", "9002")
    assert (answer["issue"]["status"], answer["issue"]["assigned_to"]) == ("resolved", "user:9002")
    assert answer["copy_updated"] is True
    assert (answer["freshness"]["source"], answer["freshness"]["age_seconds"]) == ("live", 0)
    history = {(row.field, row.old, row.new) for row in writing.rig.rows(tables.issue_history)}
    assert ("status", "unresolved", "resolved") in history


def test_each_field_is_audited_with_who_what_when_and_what_came_of_it(writing: Writing) -> None:
    listener = Listener(name="MCP client evil\n\u202egnp")
    writing.answers.update_issue(writing.issue.id, status="ignored", assign_to="#backend", listener=listener)
    first, second = writing.rig.rows(tables.audit_log)
    assert (first.action, first.target, first.source) == ("update-issue", f"issue:{writing.issue.id}", "mcp")
    assert first.at == writing.rig.clock.now()
    assert first.actor.startswith("MCP client evil gnp through ")
    assert (first.field, first.old, first.new, first.outcome) == ("status", "unresolved", "ignored", "done")
    assert (second.field, second.old, second.new) == ("assigned_to", None, "#backend")


def test_it_is_in_the_audit_log_before_it_is_sent(writing: Writing) -> None:
    seen: list[Any] = []
    writing.rig.before = lambda request: seen.append((request.method, writing.audited()))
    writing.update(status="resolved")
    assert seen == [("PUT", [("status", "unresolved", "resolved", "sent")])]


def test_what_cannot_be_audited_is_not_sent(writing: Writing) -> None:
    writing.forbid_writing()
    answer = writing.update(status="resolved")
    assert outcomes(answer) == ["refused", "refused"]
    assert answer["freshness"]["could_not_fall_through_because"] == "store_unusable"
    assert writing.puts() == 0
    assert writing.issue.status == "unresolved"


def test_a_copy_that_cannot_be_written_afterwards_is_told_and_the_change_is_done(writing: Writing) -> None:
    writing.rig.before = lambda request: writing.forbid_writing()
    answer = writing.update(status="resolved")
    assert outcomes(answer) == ["done", "done"]
    assert answer["copy_updated"] is False
    assert answer["issue"]["status"] == "resolved"
    notes = " ".join(answer["freshness"]["notes"])
    assert "the copy could not be written and shows the issue as it was" in notes
    assert "the audit log still says `sent`" in notes


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        (401, "unauthorized", "refuses the token (401)"),
        (403, "forbidden", "give it the scope event:write"),
        (404, "not_found", "(404)"),
        (429, "rate_limited", "(429)"),
        (409, "refused", "(409)"),
    ],
)
def test_what_sentry_refuses_is_told_in_one_line_and_audited(
    writing: Writing, status: int, reason: str, says: str
) -> None:
    writing.rig.sim.faults.add("/issues/", "status", times=9, status=status, method="PUT")
    answer = writing.update(status="resolved")
    assert outcomes(answer) == ["refused", "refused"]
    assert answer["issue"]["status"] == "unresolved"
    assert answer["freshness"]["could_not_fall_through_because"] == reason
    assert answer["freshness"]["complete"] is False
    assert says in answer["freshness"]["notes"][0]
    assert writing.audited() == [("status", "unresolved", "resolved", "refused")]
    assert TOKEN not in str(answer)


def test_an_assignee_that_nobody_is_is_sentrys_to_refuse(writing: Writing) -> None:
    answer = writing.update(assign_to="user:1")
    assert outcomes(answer) == ["refused", "refused"]
    assert "Unknown actor" in answer["freshness"]["notes"][0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_lost_answer_is_not_sent_again_and_stays_unknown_until_it_shows(writing: Writing, status: int) -> None:
    writing.rig.sim.faults.add("/issues/", "status", times=9, status=status, method="PUT")
    answer = writing.update(status="resolved")
    assert writing.puts() == 1
    assert outcomes(answer) == ["unknown", "unknown"]
    assert answer["issue"]["status"] == "unresolved"
    assert answer["freshness"]["complete"] is False
    assert "may still come" in " ".join(answer["freshness"]["notes"])
    assert writing.audited()[0][-1] == "unknown"


def test_a_change_whose_answer_was_lost_is_found_done_by_a_look(writing: Writing) -> None:
    writing.rig.sim.faults.add("/issues/", "bad_json", times=1, method="PUT")
    answer = writing.update(status="resolved")
    assert writing.puts() == 1
    assert outcomes(answer) == ["done", "done"]
    assert writing.held().status == "resolved"
    assert "its answer was lost, but Sentry shows the change" in answer["freshness"]["notes"][0]
    assert writing.audited()[0][-1] == "done"


@pytest.mark.parametrize("assignee", ["bo@acme.example", "#backend"])
def test_whose_address_or_slug_it_is_a_look_does_not_tell(writing: Writing, assignee: str) -> None:
    writing.update(assign_to="cy@acme.example" if "@" in assignee else "#mobile")
    writing.rig.sim.faults.add("/issues/", "status", times=1, status=502, method="PUT")
    answer = writing.update(assign_to=assignee)
    assert outcomes(answer) == ["unknown", "unknown"]


def test_a_server_that_hangs_leaves_it_unknown(writing: Writing) -> None:
    writing.rig.sim.faults.add("/issues/", "hang", times=9)
    answer = writing.update(status="resolved")
    assert (writing.puts(), outcomes(answer)) == (1, ["unknown", "unknown"])


def test_what_sentry_answers_with_is_told_and_not_what_was_asked(writing: Writing) -> None:
    writing.rig.after = lambda body: body.replace(b'"status":"resolved"', b'"status":"unresolved"')
    answer = writing.update(status="resolved", assign_to="user:9003")
    assert outcomes(answer) == ["partial", "not_done", "done"]
    assert answer["issue"]["status"] == "unresolved"
    assert "another status than was asked for" in answer["freshness"]["notes"][0]


def test_offline_nothing_is_sent_later_and_what_the_copy_knows_is_shown(writing: Writing) -> None:
    writing.asking.unplug()
    for _ in range(2):
        answer = writing.update(status="resolved")
        assert outcomes(answer) == ["refused", "refused"]
        assert answer["issue"]["status"] == "unresolved"
        assert answer["freshness"]["could_not_fall_through_because"] == "offline"
    assert writing.issue.status == "unresolved"


def test_without_a_server_it_says_so(writing: Writing) -> None:
    alone = writing.asking.answers(None, means=Means(allow_writes=True))
    answer = alone.update_issue(writing.issue.id, status="resolved")
    assert answer["freshness"]["could_not_fall_through_because"] == "offline"
    assert "no server is configured" in answer["freshness"]["notes"][0]
    assert writing.audited() == []
    alone.close()


def test_an_issue_that_the_copy_lacks_is_looked_up_first(writing: Writing) -> None:
    (new,) = writing.rig.sim.mutate.new_issues(1)
    answer = writing.answers.update_issue(new, status="ignored")
    assert outcomes(answer) == ["done", "done"]
    assert answer["changes"][0]["old"] == "unresolved"


def test_it_is_named_by_its_short_id_too(writing: Writing) -> None:
    answer = writing.answers.update_issue(writing.issue.short_id, status="resolved")
    assert (answer["issue"]["id"], answer["outcome"]) == (writing.issue.id, "done")


def test_an_issue_is_given_back_by_assigning_it_to_nobody(writing: Writing) -> None:
    writing.update(assign_to="bo@acme.example")
    assert writing.held().assigned_id == "9002"
    answer = writing.update(assign_to="Nobody")
    assert outcomes(answer) == ["done", "done"]
    assert answer["issue"]["assigned_to"] is None
    assert writing.issue.assigned_to is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "changes nothing without status or assign_to"),
        ({"assign_to": "user:1 or drop"}, "assign_to must be"),
        ({"assign_to": "ada <ada@acme.example>"}, "assign_to must be"),
        ({"assign_to": "user:ada@acme.example"}, "assign_to must be"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    writing: Writing, change: dict[str, str], says: str
) -> None:
    asked = writing.rig.asked()
    with pytest.raises(QuestionError, match=says):
        writing.update(**change)
    assert writing.rig.asked() == asked


def test_another_organizations_copy_is_left_alone(writing: Writing) -> None:
    other = writing.asking.answers(writing.asking.client, organization="globex", means=Means(allow_writes=True))
    with pytest.raises(StoreMismatch):
        other.update_issue(writing.issue.id, status="resolved")
    assert writing.puts() == 0
    other.close()
