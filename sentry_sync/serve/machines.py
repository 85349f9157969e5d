"""What machines ask: whether the process is alive, whether it is ready, and its figures."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sentry_sync.answers.context import Answers
from sentry_sync.serve.gate import Door
from sentry_sync.serve.http_app import Wing


def wing(answers: Answers) -> Wing:
    """``/healthz``, which anybody may ask: it shows nothing but that somebody answers."""
    del answers

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Wing((Route("/healthz", endpoint=alive, methods=["GET"]),), Door.OPEN)
