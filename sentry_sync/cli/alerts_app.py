"""The commands of ``sentry-sync alerts``."""

from __future__ import annotations

from typing import Annotated

import typer

from sentry_sync.cli import options

alerts = typer.Typer(rich_markup_mode=None)


@alerts.callback(invoke_without_command=True)
def alerts_list(
    context: typer.Context,
    *,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Print each alert of the settings file, what it fires for and since when.

    `daemon` and `serve` look at them whenever the copy changes, and tell whoever is to be told; this only says
    what they found last. docs/alerts.md says how to write one.
    """
    if context.invoked_subcommand is not None:
        return
    from sentry_sync.cli import alerts as room
    from sentry_sync.cli.settings import load

    room.show(load({"store": store}, config), config, as_json=as_json)


@alerts.command("test")
def alerts_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An alert, or one of its targets.")],
    *,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Send a test message to whoever the alert tells. Exit code 8 says that it did not get there."""
    from sentry_sync.cli import alerts as room
    from sentry_sync.cli.settings import load

    code = room.test(load({"store": store}, config), config, name, as_json=as_json)
    if code:
        raise typer.Exit(code)
