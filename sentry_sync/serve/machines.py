"""What machines ask: whether the process is alive, whether questions should come here, and its figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sentry_sync.answers.context import Answers
from sentry_sync.serve.gate import Door
from sentry_sync.serve.http_app import Wing

if TYPE_CHECKING:
    from sentry_sync.serve.metrics import Metrics

TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus's own, which every collector reads."""


def wings(answers: Answers, metrics: Metrics) -> tuple[Wing, Wing]:
    """``/healthz`` and ``/readyz``, which anybody may ask, and ``/metrics``, which is guarded.

    The first two say yes or no and nothing else; who watches over a process rarely has its token.
    """

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        found = answers.readiness()
        return JSONResponse({"ready": found.ready, **asdict(found)}, 200 if found.ready else 503)

    async def figures(_request: Request) -> Response:
        # In a thread: rows are counted for it.
        return Response(await anyio.to_thread.run_sync(metrics.text), media_type=TEXT_FORMAT)

    health = (Route("/healthz", alive, methods=["GET"]), Route("/readyz", ready, methods=["GET"]))
    return Wing(health, Door.OPEN), Wing((Route("/metrics", figures, methods=["GET"]),))
