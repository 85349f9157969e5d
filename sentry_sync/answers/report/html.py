"""A report as one HTML file: nothing of it comes from elsewhere, nothing in it runs.

Everything is escaped by the template engine, and the page's own policy refuses scripts, pictures and connections
whatever stands in it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sentry_sync.answers import drawing
from sentry_sync.answers.charts import Chart, notes
from sentry_sync.answers.report.document import Block, Cell, Quoted, Report, Table


@cache
def environment() -> Environment:
    """The templates of pages made from answers."""
    found = Environment(
        loader=PackageLoader("sentry_sync.answers.report"),
        autoescape=True,
        # A package that is replaced while the process runs would mix its new pages with the old code.
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["kind"] = _kind
    found.filters["shown"] = shown
    found.globals["drawn"] = drawing.drawn
    found.globals["notes_of"] = notes
    found.globals["chart_table"] = chart_table
    return found


def html(report: Report) -> str:
    """The page."""
    style = files("sentry_sync.answers.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The style sheet is our own file; its digest in the policy is what lets this one in and no other.
    page = environment().get_template("report.html.j2")
    return page.render(report=report, style=Markup(style), digest=digest)  # noqa: S704


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def shown(cell: Cell) -> str | Markup:
    """A cell; text out of events keeps its own direction."""
    return Markup("<bdi>{}</bdi>").format(cell.text) if isinstance(cell, Quoted) else cell


def chart_table(chart: Chart) -> Table:
    """What a chart shows, as a table: for whoever cannot see it, or wants the figures."""
    from sentry_sync.answers.report.figures import as_table

    return as_table(chart)
