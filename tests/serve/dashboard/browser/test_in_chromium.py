"""The pages in a browser: nothing of theirs is refused or wrong, everybody can use them, and they stay up to date."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from sentry_sync.answers.context import Answers
from sentry_sync.serve.dashboard.wing import STATIC, wings
from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http_server import HttpSide
from tests.answers.desk import Asking
from tests.serve.dashboard.conftest import Addresses, addresses_of
from tests.support.rows import issue

HERE = Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
HOW = "apt-get install chromium, and npm ci --prefix tests/serve/dashboard/browser"

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What the colour scheme makes a difference to."""

SCHEMES: Mapping[Literal["light", "dark"], Mapping[str, object]] = {"light": RULES, "dark": CONTRAST}

GRAVE = ("serious", "critical")

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@dataclass(frozen=True)
class Served:
    """A server whose copy may be written to."""

    url: str
    asking: Asking
    addresses: Addresses

    def address(self, name: str) -> str:
        path, given = self.addresses[name]
        return f"{self.url}{path}?{urlencode(given)}"


def needed(found: str | None, what: str) -> str:
    """``found``; without it the test is skipped, or fails where everything has to be installed."""
    if found is None:
        said = f"{what} is not installed: {HOW}"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return found


@pytest.fixture(scope="module")
def axe() -> str:
    return Path(needed(str(AXE) if AXE.exists() else None, "axe-core")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = needed(shutil.which("chromium"), "Chromium")
    with sync_playwright() as playwright:
        # Without its sandbox, which a build machine's root cannot have: it sees nothing but our own pages.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serving(answers: Answers, rules: Rules) -> Iterator[str]:
    """The address of a server that runs until the block ends, and then ends in time though pages are open."""
    started = threading.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        gate = Gate(rules, time.monotonic)
        pages = wings(answers, gate)
        side = HttpSide(answers, listening, gate, lambda _: started.set(), wings=pages)
        thread = threading.Thread(target=side.run)
        thread.start()
        assert started.wait(20)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        side.stop()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    asking = Asking(tmp_path_factory.mktemp("browser"))
    asking.rig.sync()
    with serving(asking.offline, Rules()) as url:
        yield Served(url, asking, addresses_of(asking))
    asking.close()


@contextmanager
def opened(browser: Browser, *, scripts: bool = True) -> Iterator[Page]:
    """A page of a new visitor; what the browser complained about makes the test fail."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # What a status of its own tells is no complaint about the page.
        if message.type in ("error", "warning") and "the server responded with a status" not in message.text:
            said.append(message.text)

    with browser.new_context(
        color_scheme="light",
        viewport={"width": WIDE["width"], "height": WIDE["height"]},
        java_script_enabled=scripts,
    ) as context:
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
    assert said == []


def whole(page: Page, address: str) -> None:
    """Open a page and wait until nothing of it is still worked out."""
    page.goto(address)
    expect(page.locator("main[data-pending]")).to_have_count(0, timeout=30_000)


def test_axe_finds_nothing_grave_on_any_page_in_either_scheme(browser: Browser, served: Served, axe: str) -> None:
    found: dict[str, list[str]] = {}
    with opened(browser) as page:
        for name in [*served.addresses, "login"]:
            whole(page, f"{served.url}/login" if name == "login" else served.address(name))
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            page.evaluate(axe)
            for scheme, rules in SCHEMES.items():
                page.emulate_media(color_scheme=scheme)
                result = page.evaluate("(rules) => axe.run({runOnly: rules, resultTypes: ['violations']})", rules)
                assert result["passes"], (name, scheme)
                grave = [one for one in result["violations"] if one["impact"] in GRAVE]
                found |= {
                    f"{name}, {scheme}: {one['id']}": [node["html"] for node in one["nodes"]][:3] for one in grave
                }
            page.emulate_media(color_scheme="light")
    assert found == {}


def test_no_page_is_wider_than_a_telephone(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
        for name in served.addresses:
            whole(page, served.address(name))
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name


def test_everything_can_be_read_without_scripts(browser: Browser, served: Served) -> None:
    with opened(browser, scripts=False) as page:
        # The page asks again by itself, as it says in its head, until all of it is there.
        page.goto(served.address("overview"))
        expect(page.locator("main[data-pending]")).to_have_count(0, timeout=30_000)
        expect(page.get_by_role("table", name="Projects")).to_be_visible()
        page.get_by_role("searchbox", name="Search issues").fill("is:unresolved level:error")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{served.url}/issues?query=is%3Aunresolved+level%3Aerror")
        page.locator("table.issues a.title").first.click()
        expect(page.get_by_role("heading", name="Trend")).to_be_visible()


def test_the_keyboard_reaches_the_content_at_once_and_every_link(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        whole(page, served.address("issues"))
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"


def test_a_chart_tells_the_values_under_the_pointer(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        whole(page, served.address("query over time"))
        page.locator(".u-over").hover(position={"x": 2, "y": 20})
        day = page.locator("table.answer tbody tr").first.locator("td").first.inner_text()
        expect(page.locator(".u-legend")).to_contain_text(day)
        # The picture stays for whoever does not see the chart.
        expect(page.get_by_role("img", name="Errors per day")).to_have_count(1)


def test_the_chart_library_is_the_one_that_was_published() -> None:
    for name, of in (("uPlot.iife.min.js", "dist/"), ("uPlot.min.css", "dist/"), ("LICENSE", "")):
        published = HERE / "node_modules" / "uplot" / f"{of}{name}"
        found = Path(needed(str(published) if published.exists() else None, "uPlot"))
        assert (STATIC / "uplot" / name).read_bytes() == found.read_bytes(), name


def retitle(served: Served, title: str) -> None:
    """Give the issue another title, a second after whatever was last read of it."""
    served.asking.rig.advance(1)
    issue_id = served.addresses["issue"][0].rpartition("/")[2]
    served.asking.fill([issue(id=issue_id, title=title, verified_at=served.asking.rig.clock.now())])


def test_a_change_is_offered_to_whoever_reads(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        whole(page, served.address("issue"))
        with page.expect_response(lambda response: "/live" in response.url):
            page.reload()
        retitle(served, "Something else now")
        offered = page.get_by_role("link", name="Something changed: show it")
        expect(offered).to_be_visible(timeout=20_000)
        offered.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Something else now")


def test_what_changed_while_a_page_was_not_seen_is_offered_when_it_is(browser: Browser, served: Served) -> None:
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true}); "
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    with opened(browser) as page:
        with page.expect_response(lambda response: "/live" in response.url):
            whole(page, served.address("issue"))
        offered = page.get_by_role("link", name="Something changed: show it")
        for title in (None, "It changed while nobody looked"):
            page.evaluate(hide, True)
            if title:
                retitle(served, title)
            with page.expect_response(lambda response: "/issues/" in response.url):
                page.evaluate(hide, False)
            expect(offered).to_have_count(1 if title else 0)


def test_a_page_that_hears_nothing_says_so(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        page.route("**/live?*", lambda route: route.fulfill(status=503))
        whole(page, served.address("sync"))
        expect(page.get_by_role("link", name="No news from the server")).to_be_visible()


def test_ages_grow_while_a_page_is_open(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        page.clock.install()
        whole(page, served.address("issues"))
        seen = page.locator("table.issues td.when [data-age]").first
        before = float(seen.get_attribute("data-age") or 0)
        page.clock.fast_forward("49:00:00")
        expect(seen).to_have_text(f"{(before + 49 * 3600) // 86400:.0f} d ago")


def test_the_sync_page_takes_a_change_in_by_itself(browser: Browser, served: Served) -> None:
    with opened(browser) as page:
        with page.expect_response(lambda response: "/live" in response.url):
            page.goto(served.address("sync"))
        stream = page.get_by_role("row", name="projects").last
        before = stream.inner_text()
        served.asking.rig.advance(60)
        served.asking.rig.sync("projects")
        expect(stream).not_to_have_text(before, timeout=20_000)


def test_a_token_is_asked_for_once(browser: Browser, served: Served) -> None:
    answers = served.asking.answers(None)
    with serving(answers, Rules("0123456789abcdef")) as url, opened(browser) as page:
        page.goto(f"{url}/sync")
        expect(page).to_have_url(f"{url}/login")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("That is not the token")
        page.get_by_label("Token").fill("0123456789abcdef")
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(f"{url}/")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{url}/login")
    answers.close()
