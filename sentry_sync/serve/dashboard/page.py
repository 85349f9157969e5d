"""A page as it leaves: rendered, and with the headers that keep it what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from sentry_sync.answers import drawing
from sentry_sync.answers.charts import notes
from sentry_sync.answers.report import html
from sentry_sync.serve.dashboard import pictures, wording

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under that a browser sends "Origin: null" with our own forms, which the gate refuses.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

HERE = "sentry_sync.serve.dashboard"

NOT_STORED = "no-store"
"""Answers are nobody's to keep: a shared computer's cache would show them to the next one."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a page is about: it is told when that changes."""

    kind: str = "status"
    name: str = ""
    offered: bool = True
    """A change is offered with a link, since somebody reads; False where the page takes it in by itself."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be rendered."""

    template: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    freshness: Mapping[str, Any] | None = None
    """Of what the page shows as a whole."""
    asks_sentry: bool = False
    """Whether its answer can be had from Sentry itself."""
    pending: bool = False
    """Whether something is still worked out: the page asks again by itself."""
    watched: Watched | None = None
    charts: bool = False
    """Whether it may have charts over time."""
    status: int = 200


@cache
def environment() -> Environment:
    """The templates. Whatever stands in a value, it is text."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(HERE), PackageLoader("sentry_sync.answers.report")]),
        autoescape=True,
        # A package that is replaced while the process runs would mix its new pages with the old code.
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(wording.FILTERS)
    found.filters["shown"] = html.shown
    found.globals["drawn"] = drawing.drawn
    found.globals["notes_of"] = notes
    found.globals["chart_table"] = html.chart_table
    found.globals["spark"] = wording.spark
    found.globals["plotted"] = pictures.plotted
    return found


def compiled() -> None:
    """Compile every template: the first use of each would take some milliseconds."""
    for name in PackageLoader(HERE).list_templates():
        environment().get_template(name)


def rendered(page: Page, **about: Any) -> Response:
    """The response; ``about`` is what every page needs to know."""
    template = environment().get_template(page.template)
    body = template.render(page=page, **about, **page.values)
    return HTMLResponse(body, page.status, {**HEADERS, "Cache-Control": NOT_STORED})
