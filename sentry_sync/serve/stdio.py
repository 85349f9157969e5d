"""MCP over stdin and stdout, for an assistant that starts this process itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sentry_sync.serve import collector, logs
from sentry_sync.serve.ending import end_without_waiting

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from sentry_sync.answers.context import Answers

INTERRUPTED = 130
"""What a shell gives a command that SIGINT ended."""


def run(answers: Answers) -> None:
    """Serve until the client closes stdin. SIGINT and SIGTERM end the process at once, in silence."""
    logs.to_stderr()
    with collector.put_off():
        import anyio

        from sentry_sync.serve import server
    try:
        anyio.run(_serve, server.build(answers), answers.trail.flush)
    finally:
        answers.close()
    end_without_waiting()


async def _serve(server: Server[Any], flush: Callable[[], None]) -> None:
    import anyio

    async with anyio.create_task_group() as group:
        group.start_soon(_leave_on_signal, flush)
        if sys.platform == "win32":  # its pipes can be waited for by threads alone
            from mcp.server.stdio import stdio_server

            async with stdio_server() as (read, write):
                await server.run(read, write, server.create_initialization_options())
        else:
            from sentry_sync.serve.pipes import Incoming, Outgoing, set_aside

            incoming, outgoing = Incoming(set_aside(0)), Outgoing(set_aside(1))
            await server.run(incoming, outgoing, server.create_initialization_options())
        group.cancel_scope.cancel()


async def _leave_on_signal(flush: Callable[[], None]) -> None:
    """End the process, as above: a thread that waits in a read of stdin can't be told to stop either."""
    import anyio

    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
