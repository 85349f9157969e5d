"""The flags that commands share. All arrive as text: the settings judge them, wherever a value comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Org = Annotated[
    str | None,
    typer.Option("--org", metavar="SLUG", help="The organization (SENTRY_ORG).", show_default=False),
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="The Sentry server (SENTRY_BASE_URL).", show_default=False),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout", metavar="SECONDS", help="Patience for one answer (SENTRY_TIMEOUT).", show_default=False
    ),
]
MaxEvents = Annotated[
    str | None,
    typer.Option(
        "--max-events",
        metavar="N",
        help="Events kept whole for each issue, at most (SENTRY_MAX_EVENTS).",
        show_default=False,
    ),
]
HistoryDays = Annotated[
    str | None,
    typer.Option(
        "--history-days",
        metavar="DAYS",
        help="How far back to go (SENTRY_SYNC_HISTORY_DAYS).",
        show_default=False,
    ),
]
RateLimit = Annotated[
    str | None,
    typer.Option(
        "--rate-limit",
        metavar="N[/minute]",
        help="Requests in any 60 seconds (SENTRY_SYNC_RATE_LIMIT).",
        show_default=False,
    ),
]
Http = Annotated[
    str | None,
    typer.Option(
        "--http", metavar="HOST:PORT", help="Serve over HTTP at this address, not stdio.", show_default=False
    ),
]
Resources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RESOURCE",
        help="projects, issues, releases, events, performance; all of them if none is named.",
        show_default=False,
    ),
]
LogFormat = Annotated[
    str | None,
    typer.Option(
        "--log-format", metavar="FORMAT", help="text or json (SENTRY_SYNC_LOG_FORMAT).", show_default=False
    ),
]
LogLevel = Annotated[
    str | None,
    typer.Option(
        "--log-level",
        metavar="LEVEL",
        help="debug, info, warning or error (SENTRY_SYNC_LOG_LEVEL).",
        show_default=False,
    ),
]
AllowWrites = Annotated[
    bool, typer.Option("--allow-writes", help="Let assistants resolve, ignore, reopen and assign issues.")
]
StoreDirectory = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="DIR", help="The local copy's directory (SENTRY_SYNC_STORE).", show_default=False
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The settings file, TOML (SENTRY_SYNC_CONFIG).", show_default=False
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON for programs; an error too, on stderr.", show_default=False),
]
Users = Annotated[
    list[str] | None,
    typer.Option(
        "--user",
        metavar="KIND:NAME",
        help="The person: id:, email:, username: or ip: and the name; repeatable; - reads lines of stdin.",
        show_default=False,
    ),
]
Projects = Annotated[
    str | None,
    typer.Option(
        "--projects",
        metavar="SLUGS",
        help="Only these projects, by comma (SENTRY_SYNC_PROJECTS).",
        show_default=False,
    ),
]
