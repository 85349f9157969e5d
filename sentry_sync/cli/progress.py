"""How a running sync shows itself: bars on a terminal, JSON lines for programs, silence in a pipe.

rich is imported for terminals only: it costs 50 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sentry_sync.cli import output
from sentry_sync.sync.engine import Progress

Reporter = Callable[[Progress], None]


@contextmanager
def reporter(*, as_json: bool) -> Iterator[Reporter]:
    """What to call with each step of a sync while the block lasts."""
    if as_json:
        yield _tell
    elif sys.stderr is not None and sys.stderr.isatty():
        with _bars() as bars:
            yield bars
    else:
        yield _silent


def _tell(step: Progress) -> None:
    output.document({"progress": as_document(step)})
    output.flush()  # whoever reads the pipe wants to know now, not when 8 kB have come together


def _silent(step: Progress) -> None:
    """Say nothing: whoever reads the pipe wants the summary."""
    del step


def as_document(step: Progress) -> dict[str, Any]:
    """A step as JSON has it."""
    return {
        "stream": step.stream,
        "scope": step.scope,
        "state": step.state,
        "pages": step.pages,
        "rows": step.rows,
        "requests": step.requests,
        "hits": step.hits,
        "window": {"from": step.window.start, "to": step.window.end} if step.window else None,
        "detail": step.detail,
    }


@contextmanager
def _bars() -> Iterator[Reporter]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[said]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(step: Progress) -> None:
            if step.stream not in tasks:
                tasks[step.stream] = bars.add_task(step.stream, total=None, said="")
            task = tasks[step.stream]
            if step.state == "page":
                bars.update(task, total=step.hits, completed=step.rows, said=_said(step))
            else:
                bars.update(task, total=1, completed=1, said=f"{step.state}, {step.rows} rows")
                bars.stop_task(task)

        yield report


def _said(step: Progress) -> str:
    if step.hits is not None:
        return f"{step.rows} of {step.hits} rows"
    since = f", back to {step.window.start:%Y-%m-%d}" if step.window else ""
    return f"{step.rows} rows{since}"
