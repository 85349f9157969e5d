"""Text that anybody may have sent through a DSN stays text on every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.answers.desk import Asking
from tests.answers.report.page import Element, parsed
from tests.serve.dashboard.conftest import Addresses, Desk, addresses_of
from tests.serve.test_canaries import CANARY, HIDDEN, poison

ATTACK = (
    f" {CANARY}\"'><script>{CANARY}()</script><img src=x onerror={CANARY}()></title></textarea></style>"
    f"<a href=javascript:{CANARY}()>x</a>' onmouseover='{CANARY}()' style='x:{CANARY} "
    "{{ 7 * 191 }} {% raw %} &lt;b&gt; \u202e\u2066nimda\u2069 \u200b\ufeff\x1b[2J --> ]]>"
)

PLAIN = {"id", "for", "name", "class", "aria-labelledby", "aria-describedby", "type", "role", "method", "action"}
"""Attributes that only we write."""

SHOWN = {"value", "placeholder", "aria-label", "href", "data-name", "data-plot", "datetime"}
"""Attributes in which text out of events may stand, quoted."""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(Path(tmp_path_factory.mktemp("attacked")))
    asking.rig.sync()
    poison(asking, ATTACK)
    yield asking
    asking.close()


@pytest.fixture(scope="module")
def pages(attacked: Asking) -> Iterator[dict[str, str]]:
    """Every page of the poisoned copy."""
    desk = Desk(attacked.answers(None))
    addresses: Addresses = {
        **addresses_of(attacked),
        "statement": ("/sql", {}),
        "search": ("/issues", {"query": ATTACK}),
        "wrong value": ("/queries/error_trend", {"days": ATTACK, "project": ATTACK}),
    }
    yield {
        name: desk.html(path, given, **({"sql": "SELECT title, tags FROM events"} if name == "statement" else {}))
        for name, (path, given) in addresses.items()
    }
    desk.close()


def test_no_page_is_changed_by_it(pages: dict[str, str]) -> None:
    seen = set()
    for name, text in pages.items():
        for element in parsed(text).every():
            assert CANARY not in element.name, name
            _check(name, element)
            if CANARY in element.text or CANARY in (element.attributes.get("value") or ""):
                seen.add(name)
    assert seen >= {"overview", "issues", "issue", "project", "release", "query", "statement", "search"}


def _check(name: str, element: Element) -> None:
    assert element.name not in ("style", "iframe", "object", "embed", "base", "img"), name
    if element.name == "script":
        assert element.attributes.keys() == {"src", "defer"}, name
        assert (element.attributes["src"] or "").startswith("/static/"), name
        assert element.text == ""
    for attribute, value in element.attributes.items():
        assert not attribute.startswith("on"), (name, attribute)
        assert attribute != "style", name
        if value and CANARY in value:
            assert attribute in SHOWN - PLAIN, (name, attribute)
        if attribute in ("href", "src", "action"):
            assert value is not None
            assert value.startswith(("/", "#")), (name, value)
            assert not value.startswith("//"), (name, value)


def test_nothing_hides_or_reorders_what_stands_beside_it(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for element in parsed(text).every():
            for shown in (*element.texts, element.attributes.get("aria-label") or ""):
                assert not HIDDEN.search(shown), (name, element.name, shown)


def test_none_of_it_is_a_template(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert "1337" not in re.sub(r"[0-9a-f]{32}|\d{10}|points=\"[^\"]*\"", "", text), name
