"""The page of the MCP server: transports, and what it offers beside its tools, from the tables it lists."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_sync.serve.gate import PER_MINUTE
from sentry_sync.serve.http_app import LARGEST_BODY, MOST_SESSIONS
from sentry_sync.serve.prompts import PROMPTS, RULES
from sentry_sync.serve.resources import FIXED, SCHEME, TEMPLATES
from sentry_sync.serve.subscriptions import LOOK_SECONDS


def page() -> Iterator[str]:
    """The lines of mcp.md."""
    yield _BEGIN.format(per_minute=f"{PER_MINUTE:,}", kilobytes=LARGEST_BODY // 1024, sessions=MOST_SESSIONS)
    yield "## Resources\n\n| Address | What it is |\n| --- | --- |"
    yield from (f"| `{SCHEME}{one.name}` | {one.description} |" for one in FIXED)
    yield from (f"| `{one.address}` | {one.description} |" for one in TEMPLATES)
    yield _CHANGES.format(seconds=f"{LOOK_SECONDS:g}")
    yield "## Prompts\n\n| Prompt | Arguments | What the assistant is to do |\n| --- | --- | --- |"
    for prompt in PROMPTS:
        arguments = ", ".join(f"`{one.name}`{'' if one.required else ' (optional)'}" for one in prompt.parameters)
        yield f"| `{prompt.name}` | {arguments} | {prompt.description} |"
    yield f"\nEach is a list of steps that name the tools, and ends with:\n\n> {RULES}\n"
    yield _END


_BEGIN = """# The MCP server

`sentry-sync mcp` speaks the Model Context Protocol of 2024-11-05 to 2026-07-28. Its tools are in
[tools.md](tools.md); the README shows how to add it to an assistant.

## Transports

| Transport | How | For |
| --- | --- | --- |
| stdio | `sentry-sync mcp` | An assistant that starts the server itself. |
| Streamable HTTP | `sentry-sync mcp --http 127.0.0.1:8000`, at `/mcp` | Many assistants, or another machine. |
| SSE | the same process, at `/sse` | Clients from before March 2025. |

One process may serve any number of clients; any number of processes may serve one copy.

```sh
export SENTRY_SYNC_MCP_TOKEN=$(openssl rand -hex 32)
sentry-sync mcp --http 0.0.0.0:8000
claude mcp add --transport http sentry-sync http://127.0.0.1:8000/mcp \\
    --header "Authorization: Bearer $SENTRY_SYNC_MCP_TOKEN"
```

It ends within five seconds of Ctrl-C or SIGTERM; what is being answered is answered first, for three seconds.

### Who may speak to it

- **Token.** With `SENTRY_SYNC_MCP_TOKEN` (or `mcp_token` in the settings file; there is no flag) every request
  must carry it: `Authorization: Bearer ...`. Without one, only this machine's loopback can be listened on.
- **Host and Origin** are checked always, so that no page in a browser can reach the server under a name of its
  own. It goes by `localhost`, `127.0.0.1`, `[::1]`, the name or address it was told to listen on, the address a
  connection came to, and the names in `SENTRY_SYNC_MCP_HOSTS`.
- **Encryption** it leaves to a proxy in front of it. Off this machine use one: a token is only as secret as its
  way. Name the proxy's host in `SENTRY_SYNC_MCP_HOSTS`, and limit rates there: to this server all its clients
  are one.
- **Rates.** {per_minute} requests a minute for each address, and any number for this machine's own, unless
  `SENTRY_SYNC_MCP_RATE_LIMIT` says otherwise; 30 a minute for wrong tokens. What a question costs at Sentry is
  counted in the copy's own budget, whoever asks.
- **Sizes.** A question has {kilobytes} kB at most, {sessions} sessions are held at once.

| Status | Why |
| --- | --- |
| 401 | No token, or another one. |
| 403 | A page of an `Origin` that is not this server's. |
| 413 | The question is too large. |
| 421 | A `Host` this server does not go by. |
| 429 | Too many requests; `Retry-After` says how long to wait. |
| 503 | Too many connections or sessions. |

Logs go to stderr, a line each, and hold neither tokens nor anything out of events.

A session of Streamable HTTP (before 2026-07-28) gets each answer as one piece of JSON, which takes half the time
of a stream; progress and news of changes come on the stream that its client opens with GET.
"""

_CHANGES = """
Each is JSON with the same content, freshness and marks of hostile text as the tools' answers; names in an
address are percent-encoded. Short ids, ids and versions can be completed.

A client can be told when `sentry-sync://status`, an issue or a release changes, whichever process changed it:
`resources/subscribe` before 2026-07-28, `subscriptions/listen` from then on. The copy is looked at every
{seconds} seconds while somebody wants to know. An issue that was only looked at again has not changed.
"""

_END = """Their arguments can be completed from the copy. An argument stands in the prompt as JSON on a line of its
own, cleaned: it cannot pass for a step.

## Registries

`server.json` describes the server for the MCP registry. `python -m mcpb.build` makes `dist/sentry-sync-*.mcpb`,
a bundle for Claude Desktop and others that know the format (0.4, type `uv`): the assistant brings Python and
installs what `pyproject.toml` names.
"""
