"""``sentry-sync mcp``: the tools, over stdio or HTTP."""

from __future__ import annotations

from functools import partial

from sentry_sync.answers.context import Answers
from sentry_sync.cli.answering import answers_of
from sentry_sync.cli.settings import Settings
from sentry_sync.serve import stdio


def run(settings: Settings, http: str | None = None, *, allow_writes: bool = False) -> None:
    """Serve until stdin ends, or at the address ``http`` until a signal.

    Raises SettingsError for settings that could never reach a server, and for an address that cannot be had.
    """
    serve = stdio.run if http is None else partial(_over_http, settings, http)
    with answers_of(settings, allow_writes=allow_writes) as answers:
        serve(answers)


def _over_http(settings: Settings, http: str, answers: Answers) -> None:
    from sentry_sync.cli import output
    from sentry_sync.serve import http as serving
    from sentry_sync.serve.gate import Rules

    token = settings.mcp_token.get_secret_value() if settings.mcp_token else None
    rules = Rules(token, frozenset(settings.mcp_hosts), settings.mcp_rate_limit)
    serving.run(answers, serving.address(http), rules, output.warn)
