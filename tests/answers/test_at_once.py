"""What a question may keep a server's loop for: a look that takes too long is had again by whoever can wait."""

from __future__ import annotations

from sentry_sync.answers.asking import Pending
from sentry_sync.answers.issues import issues_question
from tests.answers.desk import Asking

NOT_THERE = "no-title-holds-this"
"""Every text of every issue is looked through for it."""


def test_a_look_that_takes_too_long_is_broken_off_and_had_again_with_the_same_answer(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    hurried = asking.answers(None, at_once=0.0)
    question = issues_question(query=NOT_THERE)
    begun = hurried.begin(question)
    assert isinstance(begun, Pending)
    assert begun.resume() == asking.offline.ask(question)
    hurried.close()


def test_whoever_waits_anyway_is_not_hurried(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    hurried = asking.answers(None, at_once=0.0)
    assert hurried.get_issues(query=NOT_THERE)["issues"] == []
    hurried.close()


def test_a_look_that_is_soon_over_is_answered_at_once(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    patient = asking.answers(None, at_once=60.0)
    assert isinstance(patient.begin(issues_question(query=NOT_THERE)), dict)
    patient.close()
