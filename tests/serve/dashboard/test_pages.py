"""Each page shows what the tools answer, how old that is, and what is missing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.answers.report.wording import count
from sentry_sync.errors import QuestionError
from sentry_sync.records.delivery import Delivery
from sentry_sync.records.schedule import TOKEN_REFUSED, Rest
from sentry_sync.serve.dashboard.kept import Held, Kept
from sentry_sync.serve.dashboard.overview import TOLD
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from tests.answers.desk import NOW, Asking
from tests.answers.report.page import Element
from tests.serve.dashboard.conftest import Addresses, Desk
from tests.support.rows import project

DAY = 86_400.0


class Unfinished(Kept):
    """Nothing is ever worked out."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)

    def ask(self, key: object, work: Callable[[], Any], patience: float = 0.0) -> None:
        """Nothing yet."""


class Failing(Unfinished):
    """Every work fails."""

    def ask(self, key: object, work: Callable[[], Any], patience: float = 0.0) -> None:
        raise QuestionError("this cannot be had")


def fresh(found: Element) -> str:
    """What the page says of its age, on one line."""
    (bar,) = (one for one in found.all("section") if one.attributes.get("aria-label") == "Freshness")
    return " ".join(bar.text.split())


def table(found: Element, caption: str) -> list[list[str]]:
    """The cells of the body of the table with this caption."""
    (one,) = (each for each in found.all("table") if each.all("caption")[0].text.startswith(caption))
    (body,) = one.all("tbody")
    return [[cell.text for cell in row.children] for row in body.all("tr")]


def tiles(found: Element) -> dict[str, Element]:
    """The figures that stand at the top, by their names."""
    (held,) = (one for one in found.all("dl") if one.attributes.get("class") == "tiles")
    return {one.all("dt")[0].text: one.all("strong")[0] for one in held.all("div")}


@contextmanager
def later(world: Asking, seconds: float) -> Iterator[Desk]:
    """The pages as they are so much later, though nobody synced since."""
    desk = Desk(world.answers(None))
    world.rig.clock.advance(seconds)
    try:
        yield desk
    finally:
        world.rig.clock.advance(-seconds)
        desk.close()


class Old(Kept):
    """Everything was worked out five minutes ago, and is worked out anew."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)

    def ask(self, key: object, work: Callable[[], Any], patience: float = 0.0) -> Held[Any]:
        return Held(work(), 300.0, renewing=True)


@pytest.mark.parametrize(
    "name", ["overview", "issues", "issue", "project", "releases", "release", "query", "sync"]
)
def test_a_page_says_how_old_it_is(desk: Desk, addresses: Addresses, name: str) -> None:
    said = fresh(desk.shown(*addresses[name]))
    assert "2026-11-20 12:" in said
    assert "from the copy" in said
    assert "stale" not in said


def test_what_grew_old_is_called_stale(world: Asking, addresses: Addresses) -> None:
    with later(world, 2 * DAY) as desk:
        for name in ("overview", "issues", "issue", "releases of one", "release", "sync"):
            said = fresh(desk.shown(*addresses[name]))
            assert "stale" in said, name
            assert "2 d" in said, name


def test_what_is_missing_is_said_and_nobody_is_asked_for_it(world: Asking, addresses: Addresses) -> None:
    before = world.requests()
    online = Desk(world.answers(world.client))
    found = online.shown(*addresses["unknown"])
    online.close()
    assert online.page(*addresses["unknown"]).status == 404
    assert "incomplete" in fresh(found)
    assert [button.attributes["value"] for button in found.all("button")] == ["sentry"]
    assert world.requests() == before


def test_without_a_way_to_sentry_it_is_offline(desk: Desk, addresses: Addresses) -> None:
    assert "offline" in fresh(desk.shown(*addresses["unknown"]))


def test_the_button_asks_sentry(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    desk = Desk(asking.online)
    issue = str(next(iter(asking.rig.sim.world.issues.values())).id)
    assert desk.page(f"/issues/{issue}").status == 404
    assert asking.requests() == 0
    said = fresh(desk.shown(f"/issues/{issue}", ask="sentry"))
    assert "from Sentry" in said
    assert asking.requests() > 0
    assert desk.page(f"/issues/{issue}").status == 200
    desk.close()
    asking.close()


def test_the_overview_has_each_project_with_its_health_and_its_newest_release(desk: Desk, world: Asking) -> None:
    lines = desk.page("/").values["lines"]
    rows = {row[0]: row for row in table(desk.shown("/"), "Projects")}
    assert rows.keys() == {one.slug for one in world.rig.rows(tables.projects)}
    for line in lines:
        state, row = line.state.value, rows[line.project["slug"]]
        assert state.health["state"] in row[1]
        assert f"{line.project['stats']['errors_24h']:,}" == row[2]
        assert row[6] == state.verdict["verdict"]


def test_the_least_healthy_project_comes_first(desk: Desk) -> None:
    scores = [line.state.value.health["score"] for line in desk.page("/").values["lines"]]
    assert scores == sorted(scores)
    assert len(set(scores)) > 1


def test_what_is_still_worked_out_is_said_so_and_the_page_asks_again(world: Asking) -> None:
    desk = Desk(world.answers(None), Unfinished())
    for path in ("/", "/releases", "/queries/error_trend"):
        found = desk.shown(path)
        assert desk.page(path).pending
        assert "eing worked out" in found.text
        (main,) = found.all("main")
        assert "data-pending" in main.attributes
        (again,) = (one for meta in found.all("noscript") for one in meta.all("meta"))
        assert again.attributes["http-equiv"] == "refresh"
    desk.close()


@pytest.mark.parametrize("name", ["overview", "issues by events", "project", "release", "query over time"])
def test_what_was_worked_out_long_ago_says_so_and_the_page_asks_again(
    world: Asking, addresses: Addresses, name: str
) -> None:
    desk = Desk(world.answers(None), Old())
    assert desk.page(*addresses[name]).pending
    assert "5 min</span> ago, and being worked out anew" in desk.html(*addresses[name])
    desk.close()


def test_projects_are_found_by_a_part_of_their_name(desk: Desk, world: Asking) -> None:
    assert len(table(desk.shown("/projects"), "Projects found")) == 3
    (row,) = table(desk.shown("/projects", {"query": world.slug[1:].upper()}), "Projects found")
    assert row[0].startswith(world.slug)
    assert "No project fits" in desk.html("/projects", {"query": "nothing-like-it"})


def test_a_search_finds_what_the_tool_finds(desk: Desk, world: Asking) -> None:
    given = {"query": "is:unresolved level:error", "project": world.slug}
    found = world.offline.get_issues(world.slug, query="is:unresolved level:error")["issues"]
    rows = table(desk.shown("/issues", given), "Issues found")
    assert [one["short_id"] in row[0] for one, row in zip(found, rows, strict=True)] == [True] * len(found)
    assert found


def test_a_search_goes_on_where_the_page_ends(desk: Desk) -> None:
    first = desk.shown("/issues", {"query": "is:unresolved"})
    (onward,) = (one for one in first.all("a") if one.text == "Next page")
    address = onward.attributes["href"]
    assert address is not None
    assert address.startswith("/issues?query=is%3Aunresolved&cursor=")
    assert "Next page" not in first.all("table")[0].text


def test_a_search_that_cannot_be_understood_is_told_beside_its_words(desk: Desk) -> None:
    page = desk.page("/issues", {"query": "a OR b"})
    found = desk.shown("/issues", {"query": "a OR b"})
    assert page.status == 400
    (problem,) = (one for one in found.all("p") if one.attributes.get("role") == "alert")
    assert problem.text
    (query,) = (one for one in found.all("input") if one.attributes.get("id") == "query")
    assert query.attributes["value"] == "a OR b"


@pytest.mark.parametrize("given", [{"status": "open"}, {"sort": "age"}])
def test_a_choice_that_the_form_does_not_offer_is_no_search(desk: Desk, given: dict[str, str]) -> None:
    with pytest.raises(QuestionError, match="is one of"):
        desk.page("/issues", given)


def test_what_the_copy_cannot_tell_is_not_called_nothing(desk: Desk) -> None:
    assert "No issue fits" in desk.html("/issues", {"query": "is:unresolved nothing-is-called-so"})
    unknowable = desk.html("/issues", {"query": "no.such.field:x"})
    assert "No issue fits" not in unknowable
    assert "cannot tell whether there are any" in unknowable


def test_an_issue_has_its_trace_with_source_its_figures_and_its_history(
    desk: Desk, addresses: Addresses, world: Asking
) -> None:
    path, _ = addresses["issue"]
    found = desk.shown(path)
    answer = world.offline.get_issue(path.rpartition("/")[2], response_format="detailed")
    (title,) = found.all("h1")
    assert title.text == answer["issue"]["untrusted"]["title"]
    sources = [one for one in found.all("pre") if one.attributes.get("class") == "source"]
    assert sources
    assert all(len(one.all("mark")) == 1 for one in sources)
    assert count(answer["issue"]["events"]) in found.text
    assert len(found.all("figure")) == 2


def test_a_chart_has_its_figures_in_a_table(desk: Desk, addresses: Addresses) -> None:
    found = desk.shown(*addresses["query over time"])
    (figure,) = found.all("figure")
    (picture,) = (one for one in figure.all("svg") if one.attributes.get("role") == "img")
    assert picture.all("desc")[0].text
    assert len(figure.all("tbody")[0].all("tr")) == 3


def test_a_release_shows_its_verdict_and_what_it_rests_on(desk: Desk, addresses: Addresses, world: Asking) -> None:
    path, given = addresses["release"]
    answer = world.offline.assess_release(given["project"], given["version"])
    found = desk.shown(path, given)
    (verdict,) = (one for one in found.all("section") if one.attributes.get("aria-labelledby") == "verdict")
    assert answer["verdict"] in verdict.text
    for reason in answer["because"]:
        assert reason[1:] in verdict.text
    rows = table(found, "This release beside")
    assert rows[0][1:3] == [f"{answer['exposure']['candidate']:,}", f"{answer['exposure']['baseline']:,}"]


def test_a_release_needs_its_project_and_its_version(desk: Desk) -> None:
    with pytest.raises(QuestionError, match="its project and its version"):
        desk.page("/release", {"project": "api"})


def test_a_query_is_asked_with_what_the_form_says(desk: Desk, world: Asking) -> None:
    given = {"project": world.slug, "days": "2", "chart": "errors", "nonsense": "1"}
    answer = world.offline.run_query("error_trend", project=world.slug, days=2)
    rows = table(desk.shown("/queries/error_trend", given), f"{answer['row_count']} rows")
    assert [row[1] for row in rows] == [world.slug] * answer["row_count"]


def test_a_query_says_what_is_wrong_with_a_value(desk: Desk) -> None:
    page = desk.page("/queries/error_trend", {"days": "-1"})
    assert page.status == 400
    assert "days is not a whole number from 1" in desk.html("/queries/error_trend", {"days": "-1"})


def test_every_parameter_of_every_query_has_a_labelled_field(world: Asking) -> None:
    desk = Desk(world.answers(None), Unfinished())
    for query in desk.page("/queries").values["queries"]:
        found = desk.shown(f"/queries/{query.name}")
        labels = {one.attributes["for"] for one in found.all("label")}
        fields = {
            one.attributes.get("id"): one.attributes.get("name")
            for one in [*found.all("input"), *found.all("select")]
        }
        for parameter in query.parameters:
            assert f"p-{parameter.name}" in labels, (query.name, parameter.name)
            assert fields[f"p-{parameter.name}"] == parameter.name
    desk.close()


def test_a_statement_goes_through_the_gate(desk: Desk) -> None:
    found = desk.shown("/sql", sql="SELECT count(*) AS n, 'x' AS word FROM projects")
    assert table(found, "1 row") == [["3", "x"]]
    page = desk.page("/sql", sql="DELETE FROM projects")
    assert page.status == 400
    assert "SELECT" in page.values["problem"]
    assert desk.page("/sql", sql="SELECT 1 " + " " * 20_000 + "AS x").status == 400


def test_the_sync_has_every_resource_and_every_stream_in_trouble(desk: Desk, world: Asking) -> None:
    found = desk.shown("/sync")
    status = world.offline.sync_status(response_format="detailed")
    assert [row[0] for row in table(found, "Freshness by resource")] == [
        one["resource"] for one in status["resources"]
    ]
    streams = [stream["stream"] for one in status["resources"] for stream in one["streams"]]
    assert [row[0] for row in table(found, "Each stream")] == streams


def test_an_empty_copy_has_pages_too(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    desk = Desk(asking.answers(None))
    for path in ("/", "/issues", "/releases", "/sync", "/queries", "/sql"):
        assert desk.page(path).status == 200, path
    found = desk.shown("/")
    assert "No project is known yet" in found.text
    assert [one.text for one in tiles(found).values()] == ["-", "-", "-", "-"]
    assert "No project is known yet" in desk.html("/projects")
    with asking.rig.store.syncing():
        asking.write(lambda uow: uow.rest(Rest(NOW + timedelta(minutes=10), TOKEN_REFUSED)))
        page = desk.shown("/sync")
    (why,) = (one for one in page.all("p") if one.attributes.get("class") == "problem")
    assert "since the token was refused: sync-now, SIGHUP" in why.text
    assert [one.text for one in (*why.all("time"), *why.all("span"))] == ["2026-11-20 12:44", "in 10 min"]
    assert tiles(page)["Sync"].text == "resting"
    asking.write(lambda uow: uow.deliveries.take([Delivery("c" * 32, "3", "installation", "deleted", NOW)]))
    assert "The integration was uninstalled in Sentry" in desk.html("/sync")
    assert "install it again in Sentry" in desk.html("/sync")
    desk.close()
    asking.close()


def test_all_projects_count_though_an_answer_has_a_hundred(tmp_path: Path) -> None:
    asking = Asking(tmp_path, size=WorldSize(projects=130, issues=130, events_per_day=200, releases=1, days=2))
    asking.rig.sync("projects", "events")
    desk = Desk(asking.answers(None))
    stats = asking.rig.rows(tables.project_stats)
    found = desk.shown("/")
    told = {name: one.text for name, one in tiles(found).items()}
    assert told["Projects"] == "130"
    assert told["Errors, last 24 hours"] == f"{sum(one.errors_24h for one in stats):,}"
    (picture,) = (one for one in found.all("figure") if "Errors a day" in one.text)
    days = [row.children[0].text for row in picture.all("tbody")[0].all("tr")]
    assert days == sorted(days)
    assert days[-1] == f"{NOW:%Y-%m-%d}"
    assert "each of the 12 projects with the most errors of 130" in " ".join(desk.shown("/releases").text.split())
    for path in ("/issues", "/releases", "/queries/error_trend"):
        (choice,) = (one for one in desk.shown(path).all("select") if one.attributes["name"] == "project")
        assert len(choice.all("option")) == 131, path
    desk.close()
    asking.close()


def test_projects_whose_errors_nobody_counted_are_not_called_those_with_the_most(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    asking.fill([project(str(number), f"p{number}") for number in range(TOLD + 1)])
    desk = Desk(asking.answers(None))
    for path in ("/", "/releases"):
        assert f"{TOLD} first by name" in " ".join(desk.html(path).replace("projects ", "").split()), path
    assert "most errors" not in desk.html("/projects")
    desk.close()
    asking.close()


def test_only_an_https_address_of_the_server_becomes_a_link(world: Asking, addresses: Addresses) -> None:
    path, _ = addresses["issue"]
    links = [one.attributes["href"] or "" for one in Desk(world.answers(None)).shown(path).all("a")]
    assert all(link.startswith(("/", "#")) for link in links)


def test_a_work_that_fails_is_told_in_its_place(world: Asking) -> None:
    desk = Desk(world.answers(None), Failing())
    assert "this cannot be had" in desk.html("/")
    assert not desk.page("/").pending
    desk.close()
