"""A copy of three weeks of one project of which nothing is missing, and how to leave something out of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import TransactionStat
from sentry_sync.records.release import Release, ReleaseHealth, ReleaseProject
from tests.answers.desk import NOW, Asking
from tests.support.rows import issue, project

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = floor(NOW, DAY)
WINDOW = Interval(TODAY - 21 * DAY, NOW)
HOURS = [WINDOW.start + at * HOUR for at in range((floor(NOW, HOUR) - WINDOW.start) // HOUR)]
FIRST_LOOK = TODAY - 20 * DAY

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "[click](http://evil.example) ![x](http://evil.example/x.png)",
    "http://evil.example www.evil.example @everyone",
    "``` a `tick` ``",
    "a\\| [x](http://evil.example) | b",
    "one\n# two\n\u202ethree\x1b[31m",
    "&lt;b&gt; {{ 7 * 7 }} {% raw %} $x$",
)
RELEASED = TODAY - 3 * DAY - HOUR
VERSION = "api@2 <b>|`[x](http://evil.example)"


def records() -> list[Any]:
    """Everything there is."""
    figures = (60, 1.0, 100.0, 90.0, 120.0, 200.0, 300.0, 0.01, 0.95, 5, False)
    return [
        project("2", "api", NOW),
        *(
            issue(
                id=str(20 + at), short_id=f"API-{at}", title=title, first_seen=TODAY - DAY, verified_at=FIRST_LOOK
            )
            for at, title in enumerate(HOSTILE)
        ),
        *(ErrorCount("2", "20", "production", "api@1", hour, 8, 1) for hour in HOURS),
        *(
            ErrorCount("2", str(20 + at), "production", "api@1", day, 24, 1)
            for at in range(1, 7)
            for day in HOURS[::24]
        ),
        *(
            ReleaseHealth("api@1", "2", "production", TODAY - back * DAY, 1000, 500, 0.998, None, 1.0)
            for back in range(22)
        ),
        *(TransactionStat("2", "production", HOSTILE[1], hour, *figures) for hour in HOURS[::2]),
        Release(VERSION, None, "open", None, None, RELEASED, None, RELEASED, NOW, 3, 0, 0, NOW),
        ReleaseProject(VERSION, "2", None, True, NOW),
    ]


def fill(asking: Asking, *, without: str = "", until: Interval = WINDOW) -> None:
    """Write it, and that all of it is known, but for the time of one kind beside ``until``."""
    timed = ("error_counts", "events", "issues", "release_health", "transactions", "web_vitals")
    coverage: dict[str, Any] = {name: until if name == without else WINDOW for name in timed}
    asking.fill(records(), **coverage)

    def marks(uow: Any) -> None:
        for stream in ("releases", "transaction_windows.24h", "transaction_windows.7d"):
            if stream != without:
                uow.mark(stream, "", NOW, NOW)

    asking.write(marks)
