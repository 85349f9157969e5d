"""The page about searching issues, from the table of keys that answers are decided by."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_sync.answers.searching import A_TAG, KEYS, NOT_ANSWERED


def page() -> Iterator[str]:
    """The lines of search.md."""
    yield "# Searching issues"
    yield ""
    yield INTRODUCTION.rstrip()
    yield "\n## Answered from the copy\n\n| Key | What of it |\n| --- | --- |"
    yield from (f"| `{name}` | {key.about} |" for name, key in KEYS.items())
    yield "\n## Asked of Sentry\n\n| Key | Why |\n| --- | --- |"
    yield from (f"| `{name}` | It {why}. |" for name, why in NOT_ANSWERED.items())
    yield f"| any other | It {A_TAG}. |"
    yield ""
    yield WHOLE.rstrip()


INTRODUCTION = """\
`get-issues` takes Sentry's own issue search as `query`: `key:value`, `!key:value`, `key:[a,b]`, `key:>5`,
wildcards, ages and dates, and free text; all of it must hold. It is answered from the copy where that means
exactly what it means at Sentry: the same issues in the same order. Anything else is asked of Sentry whole,
`freshness.fell_through_because` says `unsupported_filter` or `outside_coverage`, and a note says what of the
query it was. Where Sentry cannot be asked, the answer is incomplete and says so; issues that may or may not fit
are marked `certain: false`.

Sentry refuses `AND`, `OR`, parentheses, empty values and open quotes, and so does `get-issues`, without asking.

A generated test asks thousands of such searches of a simulated Sentry and of a copy of it, and compares
(`python -m tests.answers.search_run 20000`).
"""

WHOLE = """\
## What decides

- A search sees issues with an event in its window: the last 90 days, or `since` to `until`; and no further
  back than the server still has events.
- Free text is looked for in titles and messages, without regard to case. Where it only stands in a place, a
  file or a function, or a title was cut, Sentry is asked: it looks through more of each event.
- `frequency.in_window`, the order by `frequency` and `timesSeen` count the window's events. For an issue that
  began in the window that is its lifetime's count; for an older one the events held are counted, if they reach
  back to the window's start and one project is asked for.
- `release`, `environment` and a window that has ended go by the single events that are held (14 days, unless
  more were asked for when syncing).
- What people change without an event (status, assignee, priority) is as of each row's `verified_at`.
- Issues with the same time or count come in the order of falling ids, as at Sentry.
- A status counts as Sentry's search counts it: an issue that resolved itself shows as resolved and is found by
  neither `is:resolved` nor `is:unresolved`. The argument `status` alone goes by what the row shows.
"""
