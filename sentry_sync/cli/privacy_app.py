"""The commands that look after persons, old rows and the log, and the one that looks whether all is well."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sentry_sync.cli import options


def erase(
    *,
    user: options.Users = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it you are told what would be erased.")
    ] = False,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Erase a person from the copy: rows, bodies, lake, log and free pages.

    Their events stay and count, without them: user, tags, and each mention of their names, in others' events too.
    Names that stand beside one that is given, in an event's user, are erased with it. The person is remembered as
    keyed hashes, so that no sync brings them back. Sentry itself is not changed: erase them there as well.

    It cannot be undone. One that was cut short is finished by `serve` or `daemon`, or by --yes alone.

    For example: sentry-sync erase --user email:ana@example.org --user id:4711 --yes
    """
    from sentry_sync.cli import privacy as room

    room.erase(_settings(config, store=store), user or [], yes=yes, as_json=as_json)


def scrub(
    *, store: options.StoreDirectory = None, config: options.Config = None, as_json: options.Json = False
) -> None:
    """Apply today's scrubbing rules to what is held.

    Rules (SENTRY_SYNC_SCRUB, SENTRY_SYNC_SCRUB_PATTERNS) are for what arrives; after a change this writes older
    rows again. What was scrubbed before does not come back: for that begin a new copy.
    """
    from sentry_sync.cli import privacy as room

    room.scrub(_settings(config, store=store), as_json=as_json)


def prune(
    *,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Drop rows that are older than SENTRY_SYNC_KEEP_DAYS wants them, and give the disk back.

    The daemon does so each hour; this does it now, and writes the database and the lake anew without them. Rows
    go a thousand at a time, beside a sync; ended in between, the next one goes on. What was dropped is no longer
    called covered: a question about it says so, or asks Sentry.
    """
    from sentry_sync.cli import prune as room

    room.run(_settings(config, store=store), as_json=as_json)


def audit(
    *,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="So many of the newest.")] = 50,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Show who asked, changed or erased what, and when: without any answer's content.

    Every answer over MCP, SQL statement, change at Sentry, webhook and erasure of this copy, for as many days
    as SENTRY_SYNC_KEEP_DAYS says of `audit`.
    """
    from sentry_sync.cli import audit as room

    room.run(_settings(config, store=store), last, csv=csv, as_json=as_json)


def doctor(
    *,
    org: options.Org = None,
    base_url: options.BaseUrl = None,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Look whether all is well: token, server, clock, copy, disk, lake, webhooks and permissions.

    Each line is ok, warn or fail and says what to do. Asks Sentry a handful of questions; without a connection it
    says what it could not look at. Exit code 1 says that something failed.
    """
    from sentry_sync.cli import doctor as room

    code = room.run(_settings(config, org=org, base_url=base_url, store=store), config, as_json=as_json)
    if code:
        raise typer.Exit(code)


def _settings(config: Any, **flags: Any) -> Any:
    from sentry_sync.cli.settings import load

    return load(flags, config)
