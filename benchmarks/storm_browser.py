"""A person with a browser: one tab stays open and renews itself, another follows links at random.

Usage: python -m benchmarks.storm_browser URL SECONDS

Prints one JSON object, in which "said" is what the pages' scripts and the browser complained of:
``{"pages": N, "renewals": N, "statuses": {...}, "said": [...], "slowest_ms": N}``. Needs Chromium, as the tests of
the dashboard do.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, sync_playwright

READING_MS = 500
"""How long a page is looked at."""

_COUNTED = """
window.renewals = 0;
document.addEventListener("renewed", () => { window.renewals += 1; });
"""


class Visitor:
    """What was seen so far."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._draw = random.Random(1)
        self.statuses: Counter[str] = Counter()
        self.said: list[str] = []
        self.slowest = 0.0

    def listen(self, page: Page) -> None:
        """Note what goes wrong in a page."""
        page.on("console", lambda message: self._note(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._note(str(error)))

    def _note(self, text: str) -> None:
        self.said.append(text[:200])

    def follow(self, page: Page) -> None:
        """One of the links of this page, or the first page where there is none."""
        links = page.eval_on_selector_all("a[href]", "found => found.map(a => a.href)")
        ours = sorted({link.split("#")[0] for link in links if link.startswith(f"{self._url}/")})
        target = self._draw.choice(ours) if ours and self._draw.random() > 0.1 else f"{self._url}/"
        began = time.perf_counter()
        answer = page.goto(target, wait_until="load")
        self.slowest = max(self.slowest, 1000 * (time.perf_counter() - began))
        status = answer.status if answer else 0
        self.statuses[str(status)] += 1
        if status >= 400:
            self._note(f"{status} {urlsplit(target).path}")


def main(url: str, seconds: float) -> None:
    """Look around for so long."""
    visitor = Visitor(url)
    renewals = 0
    until = time.perf_counter() + seconds
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        watching, wandering = browser.new_page(), browser.new_page()
        for page in (watching, wandering):
            visitor.listen(page)
        watching.add_init_script(_COUNTED)
        watching.goto(f"{url}/")
        wandering.goto(f"{url}/")
        while time.perf_counter() < until:
            try:
                visitor.follow(wandering)
            except Error as error:
                visitor.said.append(str(error).splitlines()[0][:200])
                wandering.goto(f"{url}/")
            wandering.wait_for_timeout(READING_MS)
        renewals = watching.evaluate("window.renewals")
        browser.close()
    found = {"pages": visitor.statuses.total(), "renewals": renewals, "statuses": visitor.statuses}
    print(json.dumps({**found, "said": sorted(set(visitor.said)), "slowest_ms": round(visitor.slowest)}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
