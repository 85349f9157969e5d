"""The MCP server: lists the tools and calls them.

Local answers take a millisecond and are made on the loop; an answer that must wait for Sentry waits in a thread,
so that a slow Sentry holds up nobody else.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server

from sentry_sync import __version__
from sentry_sync.answers.asking import Answer, Ask, Pending
from sentry_sync.answers.command import Command
from sentry_sync.answers.context import Answers
from sentry_sync.errors import SentrySyncError
from sentry_sync.serve import auditing, logs
from sentry_sync.serve.beside import Beside
from sentry_sync.serve.listening import client_name, listening
from sentry_sync.serve.subscriptions import LOOK_SECONDS, Subscriptions
from sentry_sync.serve.text import freshness_lines, render
from sentry_sync.serve.tools import INSTRUCTIONS, Effect, Tool, offered, tool_named

logger = logging.getLogger(__name__)

NONCE_BYTES = 4
"""Of the mark around hostile text: nobody guesses one of four billion with the one try that an event is."""


SYNCS = 4
"""Syncs that are waited for at once, for minutes perhaps: what waits for Sentry in the other threads goes on."""

CONSTANT = CacheHint(ttl_ms=300_000, scope="public")
"""What is the same for everybody until another version is started: a client may keep it for five minutes."""


Observe = Callable[[str, str, float], None]
"""Hears of each answer: which tool's, whose word it is (``local``, ``live``, ``mixed``, or ``refused``), and how
many seconds it took."""


def _nobody(_tool: str, _source: str, _seconds: float) -> None:
    """Nobody wants to know."""


def build(
    answers: Answers,
    told: set[Subscriptions] | None = None,
    look_seconds: float = LOOK_SECONDS,
    way: str = "stdio",
    observe: Observe = _nobody,
) -> Server[Any]:
    """A server that answers from ``answers``, for any transport.

    ``told`` is kept to the subscriptions of the lifespans that run; ``look_seconds`` is how often they look.
    ``way`` is the transport, for the audit log.
    """
    calls = _Calls(answers, way, observe)
    running = set() if told is None else told
    server: Server[Any] = Server(
        "sentry-sync",
        version=__version__,
        title="Sentry, from a local copy",
        instructions=INSTRUCTIONS,
        lifespan=lambda _server: _subscribed(Subscriptions(answers, look_seconds), running),
        cache_hints={"tools/list": CONSTANT, "resources/list": CONSTANT, "prompts/list": CONSTANT},
        get_tool_input_schema=calls.schema,
        on_list_tools=calls.list_tools,
        **Beside(answers, _defect).handlers(),
    )
    # Not as on_call_tool, which takes models alone.
    server.add_request_handler("tools/call", types.CallToolRequestParams, calls.observed)
    # Instead of OpenTelemetry's, which makes a span of each message, 40 us, and here nobody ever collects one.
    server.middleware[:] = [_enclose]
    return server


@asynccontextmanager
async def _subscribed(subscriptions: Subscriptions, running: set[Subscriptions]) -> AsyncIterator[Subscriptions]:
    async with subscriptions.running():
        running.add(subscriptions)
        try:
            yield subscriptions
        finally:
            running.discard(subscriptions)


class _Calls:
    """The handlers of the tools: what there are, and what each call is answered."""

    def __init__(self, answers: Answers, way: str, observe: Observe) -> None:
        self._answers = answers
        self._way = way
        self._observe = observe
        self._listed = types.ListToolsResult(tools=[_listed(tool) for tool in offered(answers.allow_writes)])
        self._schemas = {tool.name: tool.input_schema for tool in self._listed.tools}
        self._syncs = anyio.CapacityLimiter(SYNCS)

    def schema(self, name: str) -> dict[str, Any] | None:
        """What a tool's arguments are, for the SDK's own checks."""
        return self._schemas.get(name)

    async def list_tools(self, _context: Any, _params: Any) -> types.ListToolsResult:
        return self._listed

    async def observed(self, context: Any, params: types.CallToolRequestParams) -> HandlerResult:
        began = time.monotonic()
        result = await self.call_tool(context, params)
        name = params.name.strip().lower().replace("_", "-")
        self._observe(name if name in self._schemas else "unknown", _source(), time.monotonic() - began)
        return result

    async def call_tool(self, context: Any, params: types.CallToolRequestParams) -> HandlerResult:
        asked = auditing.Asked(f"{client_name(context)} over {self._way}", params.name, params.arguments or {})
        resource = "issues"
        try:
            tool = tool_named(params.name)
            question, how = tool.ask(params.arguments or {})
            resource = question.resource
            if isinstance(question, Command):
                found = await self._carry_out(context, tool, question, how)
            else:
                begun = self._answers.begin(question, how)
                if isinstance(begun, Pending):
                    begun = await anyio.to_thread.run_sync(begun.resume, abandon_on_cancel=True)
                found = begun
        except SentrySyncError as error:
            self._answers.trail.note(asked.refused(error))
            return _refused(str(error), self._answers.standing(resource))
        except Exception as error:  # noqa: BLE001 (a defect must not end the server, nor show the event text it may quote)
            self._answers.trail.note(asked.refused(error))
            return _refused(_defect(error), self._answers.standing(resource))
        self._answers.trail.note(asked.answered(found))
        return _answered(found)

    async def _carry_out(self, context: Any, tool: Tool, command: Command, how: Ask) -> Answer:
        with listening(context) as listener:
            limiter = self._syncs if tool.effect is Effect.COPY else None
            begun = partial(self._answers.carry_out, command, how, listener)
            return await anyio.to_thread.run_sync(begun, abandon_on_cancel=True, limiter=limiter)


def _listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema(),
        output_schema=tool.output_schema(),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.effect is Effect.NONE,
            destructive_hint=tool.effect is Effect.SENTRY,
            idempotent_hint=tool.effect is not Effect.SENTRY,
            open_world_hint=tool.open_world,
        ),
    )


_enclosed: ContextVar[dict[str, Any]] = ContextVar("enclosed")
"""What goes into the result of the request at hand once the SDK has made it."""


async def _enclose(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Put an answer into the result that the SDK has made ready for its era of the protocol.

    Put in before, each of its values would be checked and copied by the SDK: 0.1 ms for 25 issues, that are JSON
    already.
    """
    if ctx.method != "tools/call":
        return await call_next(ctx)
    enclosed: dict[str, Any] = {}
    _enclosed.set(enclosed)
    result = await call_next(ctx)
    return {**result, **enclosed} if enclosed and isinstance(result, dict) else result


def _answered(answer: Answer) -> dict[str, Any]:
    """Both channels whole: some clients read only the text, others only the structure."""
    text = render(answer, secrets.token_hex(NONCE_BYTES))
    _enclosed.get().update(content=[{"type": "text", "text": text}], structuredContent=answer)
    return {"content": [], "isError": False, "resultType": "complete"}


def _source() -> str:
    """Whose word the answer at hand is."""
    answer = _enclosed.get().get("structuredContent")
    return str(answer["freshness"]["source"]) if answer else "refused"


def _refused(text: str, freshness: Answer) -> types.CallToolResult:
    """What is wrong on one line, and how fresh the copy is; of an error clients show the text alone."""
    lines = [" ".join(text.split()), *freshness_lines(freshness)]
    return types.CallToolResult(content=[types.TextContent(type="text", text="\n".join(lines))], is_error=True)


def _defect(error: Exception) -> str:
    place = logs.place(error)
    logger.error("a defect of sentry-sync: %s", place)
    return f"a defect of sentry-sync, please report it: {place}"
