"""The commands that run until they are stopped: what their ``--help`` says. Each imports what it needs then."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from sentry_sync.cli import options


@options.of_a_copy
def daemon(
    flags: options.Flags,
    *,
    as_json: options.Json = False,
) -> None:
    """Keep the local copy up to date, until it is stopped.

    Each kind of data has its rhythm: new and changed issues every minute, hourly counts after each full hour, a
    sweep of all unresolved issues every 12 to 30 minutes, and so on; `sentry-sync plan` shows them and what they
    cost. When the budget is short the most valuable goes first and the rest is slowed. A first copy of a large
    organization takes hours and holds none of that back.

    Ctrl-C or SIGTERM ends it at the page it is reading, a second one at once; the next one goes on there. While
    another process syncs into the same copy it waits, and takes over when that one ends or dies. SIGHUP reads the
    settings file and the files of secrets anew.

    What an assistant wants synced at once (`sync-now`) goes before all else: it is heard within seconds.

    Prints a line on stderr for each turn that came through or failed; with --json {"daemon": ...} on stdout.
    """
    from sentry_sync.cli import daemon as room

    room.run(flags.settings(), flags.config, flags.settings, as_json=as_json)


@options.of_a_copy
def mcp(
    flags: options.Flags,
    *,
    allow_writes: options.AllowWrites = False,
    http: options.Http = None,
    as_json: options.Json = False,
) -> None:
    """Serve an assistant over stdio, or over HTTP (MCP).

    Answers come from the local copy and say how fresh they are. A question that the copy cannot answer is asked of
    Sentry when there is a token and room in the budget; else the answer says what is missing and why.

    An assistant starts this itself. To add it to a client, give it the command `sentry-sync mcp` and, in its
    environment, SENTRY_AUTH_TOKEN and SENTRY_ORG. Without a token it answers from the copy alone.

    Nothing in Sentry is ever changed, unless --allow-writes adds the tool update-issue. The token then needs the
    scope event:write, and each change is kept in the copy's audit_log.

    With --http one process serves many assistants, at /mcp (Streamable HTTP) and /sse (clients from before March
    2025), until Ctrl-C or SIGTERM. Listening on anything but this machine's loopback needs SENTRY_SYNC_MCP_TOKEN,
    which clients send as a bearer token. See docs/mcp.md.

    For example: sentry-sync mcp --http 127.0.0.1:8000
    """
    del as_json  # its errors are printed by main, which looks for the flag itself
    from sentry_sync.cli import mcp as room

    room.run(flags.settings(), http, allow_writes=allow_writes)


@options.of_a_copy
def serve(
    flags: options.Flags,
    *,
    http: Annotated[str, typer.Option("--http", metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:8000",
    log_format: options.LogFormat = None,
    log_level: options.LogLevel = None,
    allow_writes: options.AllowWrites = False,
    as_json: options.Json = False,
) -> None:
    """Sync on schedule and answer over HTTP, in one process: the daemon people leave running.

    It does what `daemon` and `mcp --http` do, so that neither is needed beside it. At / it shows the copy to
    people (docs/dashboard.md). At /webhooks/sentry it hears Sentry's webhooks, at /metrics it shows its figures,
    at /healthz and /readyz how it is.

    Ctrl-C or SIGTERM ends it within five seconds; a second one at once. If one half fails, the process ends, with
    a code that is not 0. SIGHUP reads the settings file anew.

    Listening on anything but this machine's loopback needs SENTRY_SYNC_MCP_TOKEN, which clients send as a bearer
    token. See docs/serve.md.

    For example: sentry-sync serve --http 127.0.0.1:8000
    """
    del as_json  # its errors are printed by main, which looks for the flag itself
    from sentry_sync.cli import serve as room

    settings = partial(flags.settings, log_format=log_format, log_level=log_level)
    room.run(settings(), room.Chosen(http, allow_writes, flags.config), settings)
