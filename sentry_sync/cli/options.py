"""The flags that commands share. All arrive as text: the settings judge them, wherever a value comes from."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sentry_sync.cli.settings import Settings

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


_OF_A_COPY = {
    "org": Org,
    "base_url": BaseUrl,
    "timeout": Timeout,
    "max_events": MaxEvents,
    "history_days": HistoryDays,
    "rate_limit": RateLimit,
    "projects": Projects,
    "store": StoreDirectory,
    "config": Config,
}


@dataclass(frozen=True)
class Flags:
    """What flags say of the server and the copy."""

    given: dict[str, Any]
    config: Path | None

    def settings(self, **more: Any) -> Settings:
        """The settings, read now: from these and other flags, the environment and the file."""
        from sentry_sync.cli.settings import load

        return load({**self.given, **more}, self.config)


def of_a_copy(command: Callable[..., None]) -> Callable[..., None]:
    """``command``, whose first parameter are the ``Flags`` of the server and the copy, with these flags."""
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    theirs = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in _OF_A_COPY.items()
    ]
    as_json = [one for one in own if one.name == "as_json"]  # the last everywhere

    @wraps(command)
    def run(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in _OF_A_COPY}
        command(Flags(chosen, chosen.pop("config")), **given)

    whole = inspect.Signature([*(one for one in own if one not in as_json), *theirs, *as_json])
    run.__dict__["__signature__"] = whole  # what typer makes the command line of
    run.__annotations__ = {name: one.annotation for name, one in whole.parameters.items()}
    return run
