"""The commands of ``sentry-sync lake``."""

from __future__ import annotations

from typing import Any

import typer

from sentry_sync.cli import options

lake = typer.Typer(
    help="Look after the lake: the copy's older rows as Parquet. `sync` writes it by itself.",
    rich_markup_mode=None,
)


@lake.command("show")
def lake_show(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Print what lies in the lake: parts, rows and bytes of each resource, and what was changed since."""
    from sentry_sync.cli import lake as room

    room.show(_settings(config, store=store), as_json=as_json)


@lake.command("check")
def lake_check(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Check that each file of the lake is what was published. Exit code 6 says that one is not."""
    from sentry_sync.cli import lake as room

    room.check(_settings(config, store=store), as_json=as_json)


@lake.command("rebuild")
def lake_rebuild(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Write the lake anew from the database, which has every row: deleting the lake loses nothing.

    While it is written, answers read the database instead, and take longer.
    """
    from sentry_sync.cli import lake as room

    room.rebuild(_settings(config, store=store), as_json=as_json)


def _settings(config: Any, **flags: Any) -> Any:
    from sentry_sync.cli.settings import load

    return load(flags, config)
