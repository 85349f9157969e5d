"""The page of commands: what each one's ``--help`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sentry_sync.cli.app import command

WIDTH = 100
"""Columns of the help as printed here: what fits a page without scrolling."""


def page() -> Iterator[str]:
    """The lines of cli.md."""
    yield "# Commands"
    for path, text in helps():
        yield f"\n## {path}\n\n```text\n{text}\n```"


def helps() -> Iterator[tuple[str, str]]:
    """Each command's path and its help, the program itself first."""
    yield from _helps("sentry-sync", command(), None)


def _helps(name: str, found: Any, parent: Any) -> Iterator[tuple[str, str]]:
    # Typer's own Click is private, hence Any: only make_context, get_help and commands are used of it.
    with found.make_context(
        name, ["--help"], parent=parent, resilient_parsing=True, max_content_width=WIDTH, terminal_width=WIDTH
    ) as context:
        yield context.command_path, found.get_help(context)
        for child, each in getattr(found, "commands", {}).items():
            yield from _helps(child, each, context)
