"""``sentry-sync report``: a week as one file for people to read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sentry_sync.answers.report.document import Report
from sentry_sync.cli import output
from sentry_sync.cli.answering import answers_of
from sentry_sync.cli.auditing import noted
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import SettingsError

_ENDINGS = {"html": "html", "htm": "html", "md": "md", "markdown": "md"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    project: str | None = None
    week: str | None = None
    out: Path | None = None
    form: str | None = None


def run(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    """Write the report, or print it; what it lacks follows on stderr.

    Raises QuestionError, StoreError, or SettingsError for a file that cannot be.
    """
    form = form_of(wanted)
    with answers_of(settings) as answers:
        report = answers.weekly_report(wanted.project, week=wanted.week)
    noted(settings, "report", {"project": wanted.project, "until": wanted.week})
    text = _WRITERS[form](report)
    if wanted.out:
        output.into(wanted.out, lambda path: path.write_text(text, encoding="utf-8"))
    elif not as_json:
        sys.stdout.write(text)
        output.flush()
    if as_json:
        held = {"file": str(wanted.out)} if wanted.out else {"text": text}
        output.document({**held, "format": form, "complete": report.complete, "missing": report.missing})
        return
    for reason in report.missing:
        output.warn(f"not complete: {output.printable(reason)}")


def form_of(wanted: Wanted) -> str:
    """The format asked for by name, or by the file's ending, else Markdown; raises SettingsError for another."""
    if wanted.form or wanted.out is None:
        return wanted.form or "md"
    ending = wanted.out.suffix.removeprefix(".").lower()
    if ending not in _ENDINGS:
        raise SettingsError("--out writes HTML or Markdown: name the file .html or .md, or give --format")
    return _ENDINGS[ending]


def _html(report: Report) -> str:
    from sentry_sync.answers.report.html import html

    return html(report)


def _markdown(report: Report) -> str:
    from sentry_sync.answers.report.markdown import markdown

    return markdown(report)


_WRITERS: Mapping[str, Callable[[Report], str]] = {"html": _html, "md": _markdown}
