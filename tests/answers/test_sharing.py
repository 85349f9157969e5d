"""A burst of identical questions costs what one costs, and the next one is answered from what that brought."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentry_sync.answers.asking import Ask, Pending, Question
from sentry_sync.answers.issues import issues_question
from sentry_sync.answers.performance_views import performance_question
from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.answers.sharing import Sharing
from sentry_sync.errors import QuestionError
from tests.answers.desk import Asking

BURST = 8
PATIENCE = 10.0

QUESTIONS: dict[str, Callable[[str], Question]] = {
    "projects": lambda slug: ProjectsQuestion(include_stats=True),
    "issues": issues_question,
    "releases": lambda slug: ReleasesQuestion(slug, health_data=True),
    "trend": lambda slug: performance_question(slug, view="trend", start_time="-3h"),
}


def burst(asking: Asking, question: Question, ask: Ask) -> list[dict[str, Any]]:
    """The answers of many threads that all missed before the first of them asked Sentry."""
    pending = [asking.online.begin(question, ask) for _ in range(BURST)]
    all_here, go = threading.Barrier(BURST + 1), threading.Event()

    def hold(request: httpx.Request) -> None:
        assert go.wait(PATIENCE)

    def resume(one: Any) -> dict[str, Any]:
        all_here.wait(PATIENCE)
        found: dict[str, Any] = one.resume()
        return found

    asking.rig.before = hold
    with ThreadPoolExecutor(BURST) as pool:
        found = [pool.submit(resume, one) for one in pending if isinstance(one, Pending)]
        all_here.wait(PATIENCE)
        go.set()
        return [one.result(PATIENCE) for one in found]


def alone(asking: Asking, question: Question, ask: Ask) -> list[dict[str, Any]]:
    return [asking.online.ask(question, ask)]


@pytest.mark.parametrize(
    ("name", "fresh"), [("projects", False), ("issues", False), ("trend", False), ("releases", True)]
)
def test_a_burst_makes_the_requests_of_one_question(tmp_path: Path, name: str, fresh: bool) -> None:
    costs = []
    for run, answered in ((alone, 1), (burst, BURST)):
        asking = Asking(tmp_path / run.__name__)
        answers = run(asking, QUESTIONS[name](asking.slug), Ask(fresh=fresh))
        costs.append(asking.requests())
        assert len(answers) == answered
        assert len({str(answer["freshness"]["as_of"]) for answer in answers}) == 1
        asking.close()
    assert costs[0] == costs[1] > 0


def test_the_next_identical_question_is_answered_from_what_the_first_brought(asking: Asking) -> None:
    question = issues_question(asking.slug)
    first = asking.online.ask(question)
    asked = asking.requests()
    second = asking.online.ask(question)
    assert asking.requests() == asked
    assert second["issues"] == first["issues"]
    assert (first["freshness"]["source"], second["freshness"]["source"]) == ("live", "local")
    assert second["freshness"]["fell_through_because"] is None
    assert second["freshness"]["as_of"] == first["freshness"]["as_of"]


def test_one_that_missed_before_and_asks_after_another_was_answered_asks_nobody(asking: Asking) -> None:
    question = issues_question(asking.slug)
    late = asking.online.begin(question)
    assert isinstance(late, Pending)
    asking.online.ask(question)
    asked = asking.requests()
    assert late.resume()["freshness"]["source"] == "local"
    assert asking.requests() == asked


class Held:
    """Makes an answer once it is let go; ``count`` says how often it was made."""

    def __init__(self, outcome: Callable[[], dict[str, Any]]) -> None:
        self.outcome = outcome
        self.begun, self.go = threading.Event(), threading.Event()
        self.count = 0

    def make(self) -> dict[str, Any]:
        self.count += 1
        self.begun.set()
        assert self.go.wait(PATIENCE)
        return self.outcome()


def together(sharing: Sharing, held: Held, others: Callable[[], dict[str, Any]]) -> list[Any]:
    """The leader's future and that of one who joined while it was under way."""
    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(sharing.once, "key", held.make)
        assert held.begun.wait(PATIENCE)
        joined = pool.submit(sharing.once, "key", others)
        held.go.set()
        return [leader, joined]


def refuse() -> dict[str, Any]:
    raise QuestionError("there is no such thing")


def test_a_refusal_is_shared_too() -> None:
    for future in together(Sharing(PATIENCE), Held(refuse), refuse):
        with pytest.raises(QuestionError):
            future.result()


def test_a_defect_of_the_leader_leaves_the_others_to_ask_themselves() -> None:
    def fall() -> dict[str, Any]:
        raise RuntimeError("a defect")

    leader, joined = together(Sharing(PATIENCE), Held(fall), lambda: {"n": 2})
    with pytest.raises(RuntimeError):
        leader.result()
    assert joined.result() == {"n": 2}


def test_who_has_waited_long_enough_asks_himself() -> None:
    sharing, held = Sharing(0.0), Held(lambda: {"n": 1})
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(sharing.once, "key", held.make)
        assert held.begun.wait(PATIENCE)
        assert sharing.once("key", lambda: {"n": 2}) == {"n": 2}
        held.go.set()
        assert leader.result() == {"n": 1}


def test_after_it_is_over_the_same_key_is_made_anew() -> None:
    sharing = Sharing(PATIENCE)
    assert [sharing.once("key", lambda: {"n": 1}), sharing.once("key", lambda: {"n": 2})] == [{"n": 1}, {"n": 2}]
