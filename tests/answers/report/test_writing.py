"""A report written as HTML and as Markdown, full of text that would like to be more than that."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sentry_sync.answers import untrusted
from sentry_sync.answers.report.document import Column, Report, Section, Table, quoted
from sentry_sync.answers.report.html import html
from sentry_sync.answers.report.markdown import markdown
from tests.answers.desk import Asking
from tests.answers.report.page import Element, parsed
from tests.answers.report.whole import HOSTILE, VERSION


@pytest.fixture(scope="module")
def text(whole: Asking) -> str:
    return html(whole.offline.weekly_report())


@pytest.fixture(scope="module")
def page(text: str) -> Element:
    return parsed(text)


@pytest.fixture(scope="module")
def lines(whole: Asking) -> str:
    return markdown(whole.offline.weekly_report())


SHOWN = [untrusted.line(title, 120) for title in HOSTILE]


def test_text_out_of_events_is_text_in_html(page: Element) -> None:
    told = {cell.text for cell in page.all("bdi")}
    assert {*SHOWN, VERSION} <= told
    allowed = {
        "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "div", "ul", "li",
        "nav", "main", "section", "dl", "dt", "dd", "strong", "span", "figure", "figcaption", "svg", "desc", "line",
        "text", "g", "polyline", "circle", "polygon", "details", "summary", "table", "caption", "thead", "tbody",
        "tr", "th", "td", "bdi", "footer",
    }  # fmt: skip
    elements = page.every()[1:]
    assert {one.name for one in elements} <= allowed
    assert not [name for one in elements for name in one.attributes if name.startswith("on") or name == "style"]


def test_nothing_of_the_page_comes_from_elsewhere_and_nothing_leads_there(page: Element, text: str) -> None:
    links = [one.attributes["href"] or "" for one in page.every() if "href" in one.attributes]
    assert links
    assert all(link.startswith("#") for link in links)
    ids = [one.attributes["id"] for one in page.every() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links} <= set(ids)
    assert not [one for one in page.every() if {"src", "srcset", "data", "action"} & one.attributes.keys()]
    (style,) = page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    (policy,) = [
        one.attributes["content"] or ""
        for one in page.all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    css = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert css
    digest = base64.b64encode(hashlib.sha256(css[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_the_page_follows_the_readers_colours(page: Element) -> None:
    (style,) = page.all("style")
    assert "prefers-color-scheme: dark" in style.text
    roots = re.findall(r":root \{(.*?)\}", style.text, re.DOTALL)
    light, dark = (set(re.findall(r"(--[a-z0-9-]+):", root)) for root in roots)
    assert dark == light & dark
    assert {"--page", "--ink", *(f"--c{number}" for number in range(1, 9))} <= dark
    assert "#" not in style.text.split("* { box-sizing")[1]  # every colour is one of those


def test_who_does_not_see_is_told_the_same(page: Element) -> None:
    (root,) = page.all("html")
    assert root.attributes["lang"] == "en"
    levels = [int(one.name[1]) for one in page.every() if re.fullmatch("h[1-6]", one.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in page.all("table"):
        assert [caption.text != "" for caption in table.all("caption")] == [True]
        assert {cell.attributes.get("scope") for cell in table.all("th")} <= {"col", "row"}
    charts = [one for one in page.all("svg") if one.attributes.get("class") == "chart"]
    assert len(charts) == 5
    for chart in charts:
        assert chart.attributes["role"] == "img"
        named = {one.attributes.get("id"): one.text for one in chart.every()}
        title, description = (chart.attributes["aria-labelledby"] or "").split()
        assert named[title]
        assert re.search(r"api: from|errors: from", named[description])
    regions = [one for one in page.all("div") if one.attributes.get("role") == "region"]
    assert len(regions) == len(page.all("table"))


def test_each_chart_has_its_figures_beside_it(page: Element) -> None:
    (figures, *_) = [one.all("tr") for one in page.all("details")]
    assert [row.text.split() for row in figures[1:]] == [[f"2026-11-{day:02}336"] for day in range(6, 20)]


def tokens(text: str) -> list[Token]:
    found = MarkdownIt("commonmark").enable("table").parse(text)
    return [one for each in found for one in (each, *(each.children or ()))]


def test_text_out_of_events_is_code_in_markdown(lines: str) -> None:
    found = tokens(lines)
    assert not [one for one in found if one.type in ("link_open", "image", "html_block", "html_inline")]
    code = {one.content for one in found if one.type == "code_inline"}
    assert {shown.replace("|", "¦") for shown in (*SHOWN, VERSION)} <= code
    outside = " ".join(one.content for one in found if one.type == "text")
    assert not re.search("evil|onerror|@|{{", outside)


def test_every_row_of_a_markdown_table_has_its_tables_columns(lines: str, whole: Asking) -> None:
    tables = [one for one in whole.offline.weekly_report().sections[1].blocks if isinstance(one, Table)]
    assert [len(row) == len(table.columns) for table in tables for row in table.rows]
    found = tokens(lines)
    count = 0
    for at, one in enumerate(found):
        if one.type == "tr_open":
            row = found[at : at + next(n for n, each in enumerate(found[at:]) if each.type == "tr_close")]
            cells = sum(each.type in ("td_open", "th_open") for each in row)
            if any(each.type == "th_open" for each in row):
                count = cells
            assert cells == count
    assert count


@pytest.mark.parametrize(
    "title",
    [
        *HOSTILE,
        "mail@evil.example www.evil.example",
        "\\",
        "\\|",
        "`",
        "|`|``|```",
        "``` x",
        " ",
        "a\\\\|b",
        "`\\|` ![a](b)",
    ],
)
def test_no_title_leaves_its_cell(title: str) -> None:
    table = Table("T", (Column("a"), Column("b")), ((quoted(title), "x"),))
    found = tokens(markdown(Report("R", (), (), (Section("S", (table,)),))))
    (body,) = [at for at, one in enumerate(found) if one.type == "tbody_open"]
    cells = [one for one in found[body:] if one.type == "inline"][:2]
    shown = untrusted.line(title, 120).replace("|", "¦").strip()
    assert [one.content for one in cells[0].children or () if one.type == "code_inline"] == (
        [shown] if shown else []
    )
    assert cells[1].content == "x"


def test_a_name_cannot_close_the_fence_that_a_chart_stands_in(asking: Asking) -> None:
    from sentry_sync.answers.charts import Chart
    from sentry_sync.answers.report.document import Figure

    chart = Chart("T", "n", bars=[("```", 2.0), ("~~~ # x", 1.0)])
    found = tokens(markdown(Report("R", (), (), (Section("S", (Figure("F", chart),)),))))
    (fence,) = [one for one in found if one.type == "fence"]
    assert fence.content.splitlines() == [f"'''      {'█' * 24} 2", f"--- # x  {'█' * 12} 1"]


def test_what_is_missing_stands_on_top_of_both(whole: Asking) -> None:
    report = Report("R", ("of then",), ("of this week 3 % is known",), ())
    (warning,) = [one for one in parsed(html(report)).all("div") if one.attributes.get("class") == "warning"]
    assert "of this week 3 % is known." in warning.text
    assert "**This report is not complete:**\n\n- of this week 3 % is known." in markdown(report)
    assert "not complete" not in html(whole.offline.weekly_report())
