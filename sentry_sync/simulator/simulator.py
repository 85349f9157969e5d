"""A Sentry in a process: world, clock, API, limits and faults behind one `handle`, and a server round it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from . import control
from .api import dispatch
from .api.call import Memory, Request, Response
from .clock import VirtualClock
from .faults import Dropped, Fault, Faults, Hang, trick
from .glitchtip import routes as glitchtip
from .limits import Bucket, Limiter
from .mutations import Mutations
from .options import SimulatorOptions
from .server import BackgroundServer, listen, make
from .tokens import Tokens
from .webhooks import Sender
from .world.arrivals import Arrivals
from .world.history import populate
from .world.world import World

CACHE_BYTES = 128 * 1024 * 1024
"""Rendered pages kept: 20,000 issues are about 40 MB of them."""

REMEMBERED_REQUESTS = 200_000
"""Half of them are forgotten when there are this many: a server that runs for days stays small."""


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """One request as it was answered. `at` is the simulator's time, `monotonic` the machine's."""

    at: datetime
    monotonic: float
    method: str
    path: str
    query: dict[str, Any]
    status: int
    caller: str


class Simulator:
    """A simulated Sentry. As a context manager it listens on 127.0.0.1; `handle` works without that."""

    def __init__(self, options: SimulatorOptions | None = None, port: int = 0, host: str = "127.0.0.1") -> None:
        self.options = options or SimulatorOptions()
        self.clock = VirtualClock(self.options.start, running=not self.options.frozen, speed=self.options.speed)
        self._lock = threading.RLock()
        self._world = World(self.options.seed, self.options.size, self.clock, self.options.organization)
        populate(self._world)
        self._arrivals = None if self.options.static else Arrivals(self._world, self.options.arrivals_per_day)
        self.mutate = Mutations(self._world, self._current)
        self.faults = Faults()
        self.tokens = Tokens()
        self.tokens.add(self.options.token)
        self.requests: list[ServedRequest] = []
        limit = self.options.rate_limit if self.options.profile == "saas" else None
        self._limiter = Limiter(Bucket("default", *limit, self.options.concurrent_limit) if limit else None)
        self._memory = Memory()
        self._cache: dict[tuple[str, frozenset[str]], Response] = {}
        self._cache_version = -1
        self._cache_bytes = 0
        self.base_url = ""
        """What answers call the server, if it is not the background server's own address."""
        self._server = BackgroundServer(self, host, port, self.options.latency_ms / 1000)
        url = self.options.webhook_url
        self.webhooks = Sender(url, self.options.webhook_secret, self._current) if url else None

    # -- life -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._server.start()
        if self.webhooks:
            self.webhooks.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.webhooks:
            self.webhooks.stop()
        self._server.stop()

    @property
    def url(self) -> str:
        """The base URL; the API is below `url + "/api/0/"`. A made-up host until the server runs."""
        return self.base_url or self._server.url

    @property
    def world(self) -> World:
        """The truth, up to date by the clock."""
        with self._current() as world:
            return world

    def now(self) -> datetime:
        """The simulator's present."""
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the clock forward; what was due in between happens."""
        with self._lock:
            self.clock.advance(seconds)
            self._catch_up()

    @contextmanager
    def _current(self) -> Iterator[World]:
        with self._lock:
            self._catch_up()
            yield self._world

    def _catch_up(self) -> None:
        if self._arrivals is not None:
            self._arrivals.catch_up()
        self._world.settle()

    # -- answering --------------------------------------------------------------------------

    def handle(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request without a socket: status, headers, body.

        `target` is path and query. Raises Hang or Dropped where a socket would never answer; a cut body is
        shorter than its Content-Length says.
        """
        path, _, query = target.partition("?")
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        response, leave = self.serve_request(Request(method.upper(), path, query, lowered, body))
        self._limiter.leave(leave)
        if response.hang >= 60:
            raise Hang("The simulated server does not answer.")
        if response.status == 0:
            raise Dropped("The simulated server closed the connection.")
        sent = response.body[: len(response.body) // 2] if response.cut else response.body
        return response.status, response.headers, sent

    def leave(self, key: tuple[str, str] | None) -> None:
        """The server has sent the answer: the request no longer counts as running."""
        self._limiter.leave(key)

    def serve_request(self, request: Request) -> tuple[Response, tuple[str, str] | None]:
        """Answer and record one request; the second part goes to `leave` once the answer is sent."""
        if request.path.startswith("/__simulator__/"):
            with self._current():
                return control.answer(self, request), None
        fault = self.faults.take(request.method, request.target)
        identity = request.headers.get("authorization", "anonymous")
        leave: tuple[str, str] | None = None
        extra: dict[str, str] = {}
        response = fault.response() if fault else None
        if fault is not None and fault.kind == "drop":
            response = Response(0, b"")
        if response is None:
            verdict, leave = self._limiter.enter(
                identity, dispatch.bucket(request, self.options.profile), self.clock.timestamp()
            )
            extra = verdict.headers
            if verdict.refusal is not None:
                response = dispatch.refuse(429, {"detail": verdict.refusal})
            else:
                response = self._answer(request, fault)
        if fault is not None:
            response = fault.spoil(response)
        finished = self._finish(response, extra)
        self._record(request, finished.status)
        return finished, leave

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        scopes, refusal = self.tokens.judge(request.headers.get("authorization"))
        with self._current() as world:
            key = (request.target, scopes)
            if world.version != self._cache_version:
                self._cache.clear()
                self._cache_version, self._cache_bytes = world.version, 0
            kept = self._cache.get(key) if request.method == "GET" and refusal is None else None
            if kept is not None and fault is None and kept.until > self.clock.timestamp():
                return kept
            server = dispatch.Server(world, self.options, self.url, self._memory)
            caller = dispatch.Caller(scopes, refusal)
            if self.options.profile == "glitchtip":
                response = glitchtip.answer(server, request, caller)
            else:
                response = dispatch.answer(server, request, caller, trick(fault))
            if fault is None and response.status == 200 and response.until > self.clock.timestamp():
                self._keep(key, response)
            return response

    def _keep(self, key: tuple[str, frozenset[str]], response: Response) -> None:
        if self._cache_bytes + len(response.body) > CACHE_BYTES:
            self._cache.clear()
            self._cache_bytes = 0
        self._cache[key] = response
        self._cache_bytes += len(response.body)

    def _finish(self, response: Response, extra: Mapping[str, str]) -> Response:
        now = datetime.fromtimestamp(int(self.clock.timestamp()), UTC)
        headers = {
            "Date": format_datetime(now, usegmt=True),
            "Content-Length": str(len(response.body)),
            **response.headers,
            **extra,
        }
        return Response(response.status, response.body, headers, hang=response.hang, cut=response.cut)

    def _record(self, request: Request, status: int) -> None:
        if len(self.requests) >= REMEMBERED_REQUESTS:
            del self.requests[: REMEMBERED_REQUESTS // 2]
        self.requests.append(
            ServedRequest(
                at=self.clock.now(),
                monotonic=time.monotonic(),
                method=request.method,
                path=request.path,
                query=dispatch.query_of(request),
                status=status,
                caller=request.headers.get("user-agent", ""),
            )
        )


def serve(options: SimulatorOptions, port: int, announce: Callable[[str], None]) -> None:
    """Serve a simulated Sentry on 127.0.0.1 until SIGINT or SIGTERM; `announce` gets lines for the user.

    Raises OSError, saying what to do, if the port is taken.
    """
    bound = listen("127.0.0.1", port)
    try:
        simulator = Simulator(options)
        world = simulator.world
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        simulator.base_url = url
        lines = (
            f"A simulated Sentry ({options.profile}) listens on {url}/ for organization {options.organization}.",
            (
                f"It holds {len(world.projects)} projects, {len(world.issues)} issues, {len(world.index)} events. "
                f"Token: {options.token}"
            ),
        )

        def started() -> None:
            for line in lines:
                announce(line)

        make(simulator, options.latency_ms / 1000, started).run(sockets=[bound])
    except KeyboardInterrupt:
        # uvicorn raises the signal again once it has shut down.
        pass
    finally:
        bound.close()
