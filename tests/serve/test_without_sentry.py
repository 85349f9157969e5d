"""With Sentry gone, limiting, refusing the token or broken, every tool still answers, and says which of these it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.context import Answers
from sentry_sync.answers.desk import Means
from sentry_sync.serve.tools import FRESH, TOOLS, Effect, Tool
from tests.answers.desk import Asking
from tests.serve.test_server import arguments_of
from tests.support.rig import TOKEN


def revoke(asking: Asking) -> None:
    asking.rig.sim.tokens.revoke(TOKEN)


TROUBLES: dict[str, tuple[Callable[[Asking], None], str]] = {
    "stopped": (Asking.unplug, "offline"),
    "limiting": (lambda asking: asking.fail(429), "rate_limited"),
    "refusing the token": (revoke, "unauthorized"),
    "broken": (lambda asking: asking.fail(503), "server_error"),
}


@dataclass
class Trouble:
    """A copy, and a Sentry that nothing can be had of."""

    asking: Asking
    answers: Answers
    reason: str
    arguments: dict[str, dict[str, Any]]

    def ask(self, tool: Tool, **how: Any) -> Answer:
        question, asked = tool.ask({**self.arguments[tool.name], **how})
        return self.answers.ask(question, asked)


def in_trouble(folder: Path, trouble: str, *, synced: bool) -> Trouble:
    asking = Asking(folder)
    arguments = UNKNOWN
    if synced:
        asking.rig.sync()
        arguments = arguments_of(asking)
        asking.rig.advance(120)  # so that a sync has something to do
    strike, reason = TROUBLES[trouble]
    strike(asking)
    answers = asking.answers(asking.client, means=Means(allow_writes=True))
    return Trouble(asking, answers, reason, arguments)


UNKNOWN: dict[str, dict[str, Any]] = {
    **{tool.name: {"project": "api"} for tool in TOOLS},
    "get-projects": {},
    "get-issue": {"issue_id": "4711"},
    "get-events": {"issue_id": "4711"},
    "assess-release": {"project": "api", "version": "api@1.0.0"},
    "sync-status": {},
    "sync-now": {"resource": "issues"},
    "update-issue": {"issue_id": "4711", "status": "resolved"},
}
"""What to ask where nothing is known."""


@pytest.fixture(scope="module")
def troubles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, bool], Trouble]]:
    """Each trouble, with a copy or without, made when it is first wanted: tests come in any order."""

    @cache
    def find(name: str, synced: bool) -> Trouble:
        made.append(in_trouble(tmp_path_factory.mktemp("troubled"), name, synced=synced))
        return made[-1]

    made: list[Trouble] = []
    yield find
    for each in made:
        each.answers.close()
        each.asking.close()


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, troubles: Callable[[str, bool], Trouble]) -> Trouble:
    return troubles(request.param, True)


@pytest.fixture(params=TROUBLES)
def bare(request: pytest.FixtureRequest, troubles: Callable[[str, bool], Trouble]) -> Trouble:
    return troubles(request.param, False)


def reason(answer: Answer) -> Any:
    return answer["freshness"]["could_not_fall_through_because"]


def rows(answer: Answer) -> Any:
    """What an answer tells beside how fresh it is."""
    return {name: value for name, value in answer.items() if name not in ("freshness", "more", "next_cursor")}


LOOKING = [tool for tool in TOOLS if FRESH in tool.asking]
JUDGING = [tool for tool in TOOLS if tool.name in ("assess-release", "project-health")]
"""Their figures are worked out from what is held: Sentry is asked for the project or the release alone."""

DOING = [tool for tool in TOOLS if tool.effect is not Effect.NONE]


@pytest.mark.parametrize("tool", LOOKING, ids=lambda tool: tool.name)
def test_what_the_copy_knows_is_answered_as_if_nothing_were_wrong(trouble: Trouble, tool: Tool) -> None:
    asked = trouble.asking.requests()
    answer = trouble.ask(tool)
    assert reason(answer) is None
    assert answer["freshness"]["source"] == "local"
    assert trouble.asking.requests() == asked


@pytest.mark.parametrize("tool", LOOKING, ids=lambda tool: tool.name)
def test_asked_fresh_it_gives_what_the_copy_knows_and_the_reason(trouble: Trouble, tool: Tool) -> None:
    answer = trouble.ask(tool, fresh=True)
    told = answer["freshness"]
    assert (told["could_not_fall_through_because"], told["complete"]) == (trouble.reason, False)
    assert (told["source"], told["fell_through_because"]) == ("local", None)
    assert told["as_of"] is not None
    assert "asked_fresh" in told["notes"][0]
    assert rows(answer) == rows(trouble.ask(tool))


@pytest.mark.parametrize("tool", DOING, ids=lambda tool: tool.name)
def test_what_is_not_done_is_said_not_to_be_done_and_why(trouble: Trouble, tool: Tool) -> None:
    answer = trouble.ask(tool)
    assert answer["outcome"] in ("failed", "not_done", "refused", "unknown")
    assert (reason(answer), answer["freshness"]["complete"]) == (trouble.reason, False)


@pytest.mark.parametrize("tool", [*LOOKING, *JUDGING, *DOING], ids=lambda tool: tool.name)
def test_without_a_copy_it_answers_that_nothing_is_known_and_why(bare: Trouble, tool: Tool) -> None:
    answer = bare.ask(tool)
    assert (reason(answer), answer["freshness"]["complete"]) == (bare.reason, False)
    assert (answer["freshness"]["as_of"], answer["freshness"]["stale"]) == (None, True)


(STATUS,) = [tool for tool in TOOLS if tool.name == "sync-status"]


def test_the_status_asks_nobody_and_always_answers(trouble: Trouble) -> None:
    asked = trouble.asking.requests()
    answer = trouble.ask(STATUS)
    assert (reason(answer), answer["freshness"]["complete"]) == (None, True)
    assert trouble.asking.requests() == asked


def test_the_status_of_no_copy_is_that_there_is_none(bare: Trouble) -> None:
    answer = bare.ask(STATUS)
    assert (reason(answer), answer["freshness"]["complete"]) == (None, False)
    assert answer["freshness"]["notes"]


def test_the_token_is_in_no_answer(trouble: Trouble) -> None:
    for tool in TOOLS:
        assert TOKEN not in str(trouble.ask(tool))
