"""Reading the Link header of every server we know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.sentry.links import Links, read_links

SENTRY = (
    '<https://sentry.io/api/0/organizations/x/issues/?cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
    '<https://sentry.io/api/0/organizations/x/issues/?cursor=0:100:0>; rel="next"; results="{}"; cursor="0:100:0"'
)
GLITCHTIP = (
    '{\'<http://h/api/0/organizations/acme/issues/?limit=25>; rel="previous"; results="false", '
    '<http://h/api/0/organizations/acme/issues/?cursor=cD0y%3D&limit=25>; rel="next"; results="true"; cursor="cD0y="\'}'
)


def test_there_is_a_next_page_while_results_is_true() -> None:
    assert read_links(SENTRY.format("true")) == Links("0:100:0", present=True)
    assert read_links(SENTRY.format("false")) == Links(None, present=True)


@pytest.mark.parametrize("header", [None, ""])
def test_no_header_is_told_apart_from_the_last_page(header: str | None) -> None:
    assert read_links(header) == Links(None, present=False)


def test_glitchtip_prints_a_set() -> None:
    assert read_links(GLITCHTIP) == Links("cD0y=", present=True)
    last = '{\'<http://h/>; rel="previous"; results="false", <http://h/>; rel="next"; results="false"\'}'
    assert read_links(last) == Links(None, present=True)


@pytest.mark.parametrize(
    "header",
    [
        '<https://h/?a=1,2>; results="true"; cursor="c"; rel="next"',
        '<https://h/>; cursor="p"; rel="previous"; results="true",<https://h/?q=a,b, c>;rel="next";cursor="c";results="true"',
        "<https://h/>; rel=next; results=true; cursor=c",
        '<https://h/?cursor=c>; rel="next"; results="true"',
        '<https://h/>; title="a, b; c"; rel="next"; results="true"; cursor="c"',
        '<https://h/>; REL="next"; Results="true"; cursor="c"',
    ],
)
def test_order_quotes_and_commas_do_not_matter(header: str) -> None:
    assert read_links(header).next_cursor == "c"


@given(st.text())
def test_no_header_makes_it_fail(header: str) -> None:
    assert read_links(header).present is bool(header)
