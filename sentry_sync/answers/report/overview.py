"""The report's first page: the figures that matter, each project in a line, and the two weeks as charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sentry_sync.answers.charts import Chart, chart
from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Block, Column, Figure, Section, Table, Tile, Tiles, quoted
from sentry_sync.answers.report.material import Material
from sentry_sync.answers.report.week import DAY
from sentry_sync.trends.session import Result

PROJECTS = 200
"""Lines of the overview: an organization with more has a dashboard."""


def overview(material: Material) -> Section:
    """All projects at a glance."""
    return Section("At a glance", tuple(_blocks(material)))


def _blocks(material: Material) -> Iterator[Block]:
    yield tiles(material, None)
    yield _projects(material)
    yield from charts(material)


def tiles(material: Material, project: str | None) -> Tiles:
    """The week in six figures, of one project or of all."""
    weeks = material.rows("project_weeks", project)
    found = [
        Tile("errors", wording.count(_total(weeks, "errors")), _errors_beside(weeks)),
        Tile("new issues", _new(material, project), _read(material, project)),
        Tile("regressed", _came_back(material, project), _looks(material, weeks)),
        Tile("resolved", _resolved(material, project), _looks(material, weeks)),
    ]
    if project is not None:
        found.append(_crash_free(weeks))
    releases = [one for slug, each in material.verdicts.items() if project in (None, slug) for one in each]
    bad = sum(one.found.rows["verdict"] in ("regressed", "roll back") for one in releases)
    shipped = len(releases) + sum(n for slug, n in material.unjudged.items() if project in (None, slug))
    told = wording.seen(shipped, known=material.read_since("releases"))
    found.append(Tile("releases", told, f"{bad} worse than before" if releases else ""))
    return Tiles(tuple(found))


def _total(weeks: list[dict[str, Any]], name: str) -> float | None:
    known = [row[name] for row in weeks if row[name] is not None]
    return sum(known) if known else None


def _errors_beside(weeks: list[dict[str, Any]]) -> str:
    """The week before, where both are known as a whole."""
    if any(row["covered"] < 1 for row in weeks):
        return "not all of the week is known"
    if not weeks or any(row["covered_before"] < 1 for row in weeks):
        return "the week before is not known as a whole"
    now, before = _total(weeks, "errors"), _total(weeks, "errors_before")
    if not before or now is None:
        return f"{wording.count(before)} the week before"
    return f"{wording.change(now / before)} on {wording.count(before)}"


def _new(material: Material, project: str | None) -> str:
    return wording.seen(len(material.rows("first_seen_issues", project)), known=material.knows("issues", project))


def _read(material: Material, project: str | None) -> str:
    """Whether the week's issues were read."""
    if material.knows("issues", project):
        return ""
    return "not known of this week" if material.ever("issues") else "never synced"


def _came_back(material: Material, project: str | None) -> str:
    """Issues that a look saw come back in the week; others that Sentry calls regressed may have long before."""
    back = sum(row["regressions"] > 0 for row in material.rows("regressed_issues", project))
    return wording.seen(back, known=material.looked(project))


def _resolved(material: Material, project: str | None) -> str:
    return wording.seen(len(material.rows("resolved_issues", project)), known=material.looked(project))


def _looks(material: Material, weeks: list[dict[str, Any]]) -> str:
    """Whether the week was looked at: what happened to an issue before the first look is not known."""
    first = [row["looked_since"] for row in weeks if row["looked_since"] is not None]
    if not first or min(first) >= material.week.end:
        return "not looked at in this week"
    return "not looked at all week" if max(first) > material.week.start else ""


def _crash_free(weeks: list[dict[str, Any]]) -> Tile:
    if not weeks:
        return Tile("crash-free sessions", wording.NONE)
    (row,) = weeks
    now, before, covered = row["crash_free_sessions"], row["crash_free_before"], row["sessions_covered"]
    beside = "" if before is None or now is None else wording.points(now, before)
    return Tile("crash-free sessions", wording.share(now), beside if covered >= 1 else wording.known(covered))


def _projects(material: Material) -> Table:
    rows = material.rows("project_weeks")
    columns = (
        Column("project"),
        Column("errors", number=True),
        Column("week before", number=True),
        Column("change", number=True),
        Column("new", number=True),
        Column("regressed", number=True),
        Column("resolved", number=True),
        Column("crash-free", number=True),
        Column("crash-free change", number=True),
        Column("health now"),
    )
    return Table(
        "Projects, the most errors first",
        columns,
        tuple(_project(material, row) for row in rows[:PROJECTS]),
        f"{len(rows) - PROJECTS:,} more are not shown." if len(rows) > PROJECTS else "",
    )


def _project(material: Material, row: dict[str, Any]) -> tuple[Any, ...]:
    slug = row["project"]
    return (
        quoted(slug),
        wording.partly(row["errors"], row["covered"]),
        wording.partly(row["errors_before"], row["covered_before"]),
        wording.change(row["growth"]),
        _new(material, slug),
        _came_back(material, slug),
        _resolved(material, slug),
        wording.share(row["crash_free_sessions"]),
        wording.points(row["crash_free_sessions"], row["crash_free_before"]),
        health_word(material, slug),
    )


def health_word(material: Material, slug: str) -> str:
    """The project's score in a word and a figure."""
    found = material.health.get(slug)
    if found is None:
        return wording.NONE
    score = found.rows["score"]
    return f"{found.rows['state']}, {score:.0f} of 100" if score is not None else str(found.rows["state"])


def charts(material: Material, project: str | None = None) -> Iterator[Figure]:
    """Errors and crash-free sessions by day: of one project, or a line for each."""
    errors, crashes = (_of(material, name, project) for name in ("error_trend", "crash_free_trend"))
    if errors.rows:
        drawn = on_days(material, chart("Errors per day", errors))
        yield Figure("Errors per day, this week and the one before", drawn)
    if crashes.rows:
        drawn = on_days(material, chart("Crash-free sessions", crashes, "crash_free_sessions"))
        drawn = replace(drawn, share=True, target=material.targets.crash_free)
        yield Figure("Crash-free sessions per day, and the target", drawn)


def _of(material: Material, query: str, project: str | None) -> Result:
    result = material.results[query]
    place = result.columns.index("project")
    return replace(result, rows=[row for row in result.rows if project in (None, row[place])])


def on_days(material: Material, drawn: Chart) -> Chart:
    """The chart with each day of both weeks: one that is not known is a gap in its line.

    Its lines in the projects' order, so that each project has its colour in every chart.
    """
    week, order = material.week, {slug: place for place, slug in enumerate(material.projects())}
    days = [week.before + number * DAY for number in range((week.end - week.before) // DAY)]
    lines = sorted(drawn.lines.items(), key=lambda line: order.get(line[0], len(order)))
    return replace(drawn, lines={name: [(day, dict(points).get(day)) for day in days] for name, points in lines})
