"""The page of ``sentry-sync serve``: what is served where, webhooks and figures, from the tables in the code."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sentry_sync.answers.context import Answers
from sentry_sync.records.delivery import Taken
from sentry_sync.serve import hooks
from sentry_sync.serve.hooks import LOOKED_INTO, OF_EVENTS, Refused
from sentry_sync.serve.metrics import Metrics
from sentry_sync.store.store import Store


def page() -> Iterator[str]:
    """The lines of serve.md."""
    yield _BEGIN
    yield "| Resource | What is looked at |\n| --- | --- |"
    for resource in LOOKED_INTO:
        more = ", and its newest event" if resource in OF_EVENTS else ""
        yield f"| `{resource}` | the issue{more} |"
    yield "| any other | nothing |"
    yield _ANSWERS
    yield "| Status | Outcome | Why |\n| --- | --- | --- |"
    yield from (f"| {status} | `{how.value}` | {why} |" for how, (status, why) in _TAKEN.items())
    yield from (f"| {found.status} | `{found.outcome}` | {found.text} |" for found in _refusals())
    yield "| 429 | | too many webhooks from one address |"
    yield _FIGURES
    yield "| Figure | Kind | What it is |\n| --- | --- | --- |"
    yield from (f"| `{name}` | {kind} | {text} |" for name, kind, text in _figures())
    yield _END


_TAKEN = {
    Taken.ACCEPTED: (202, "its issue is looked at"),
    Taken.REPEATED: (202, "the same body came within a minute under another id: looked at when that is over"),
    Taken.IGNORED: (202, "it tells of nothing that is looked at"),
    Taken.DUPLICATE: (200, "it had come before"),
}


def _refusals() -> Iterator[Refused]:
    yield from (found for found in vars(hooks).values() if isinstance(found, Refused))
    yield Refused(400, "malformed", "signed, but no webhook of Sentry's")


def _figures() -> Iterator[tuple[str, str, str]]:
    metrics = Metrics()
    with tempfile.TemporaryDirectory() as folder, Answers(Store(Path(folder) / "store")) as answers:
        metrics.reads(lambda counted: answers.holdings(counted=counted))
        yield from metrics.listed()


_BEGIN = """# The daemon

`sentry-sync serve` is one process to leave running: it syncs on schedule, answers MCP over HTTP, hears Sentry's
webhooks and shows its figures.

```sh
export SENTRY_AUTH_TOKEN=... SENTRY_ORG=acme
export SENTRY_SYNC_MCP_TOKEN=$(openssl rand -hex 32) SENTRY_SYNC_WEBHOOK_SECRET=...
sentry-sync serve --http 0.0.0.0:8000 --log-format json
```

Without an account: `sentry-sync simulate --webhook-url http://127.0.0.1:8000/webhooks/sentry --webhook-secret
SECRET` is a Sentry to point it at.

## Where what is

| Path | What | Who may |
| --- | --- | --- |
| `/` | the copy for people, as [dashboard.md](dashboard.md) has it | as `/mcp`, after logging in |
| `/mcp`, `/sse` | MCP, as [mcp.md](mcp.md) has it | whoever has the token; without one, this machine |
| `/webhooks/sentry` | Sentry's webhooks | whoever signs with the client secret |
| `/metrics` | figures for Prometheus | as `/mcp` |
| `/healthz` | `ok`, as long as the process answers | anybody |
| `/readyz` | 200 once the store is there, kept in sync, and has all projects and issues; else 503 | anybody |

`/healthz` and `/readyz` say yes or no and nothing else. Everything but these two and webhooks is checked for
its `Host` and `Origin` as well. TLS is left to a proxy in front.

## How it runs

- Two halves, the sync and the HTTP server, and beside them what looks at [alerts](alerts.md) and what finishes
  [erasures](privacy.md#erasing-a-person) that somebody began. If one of them ends by itself the process does,
  with a code that is not 0.
- Intervals and failures are kept in the store, so a process that is started again goes on where it was; what
  was missed meanwhile is done once. Each interval is drawn out or cut by up to 5%, so that copies drift apart.
- SIGTERM or Ctrl-C ends it within five seconds, at the page it is reading, however slow that is; a second one
  ends it at once. Killed, it loses nothing either.
- A stream that fails stops no other. It is tried again after half a minute, then a minute, and so on up to its
  longest interval. `sync-status` and the notes of each answer it matters to say how often it failed, why, and
  when it is tried again.
- SIGHUP reads the settings file anew. Tokens, secrets, hosts, limits, the budget, how far back is read, alerts
  and whom they tell, and the log's level change at once, the sync's at its next page. `org`, `base_url`, `store`
  and `log_format` stay: a line says so. A file that is wrong changes nothing.
- Logs go to stderr, a line each: with `--log-format json` objects of `at`, `level`, `logger`, `message`, and
  for a turn of the sync `stream`, `state`, `rows`, `requests`, `reason`. No text of an event is in them, and no
  secret.

## Webhooks

In Sentry make an internal integration (Settings > Developer Settings) with the webhook URL
`https://your-name/webhooks/sentry`, tick the resources `issue`, `error` and `comment` as you like, and put its
client secret into `SENTRY_SYNC_WEBHOOK_SECRET`. The integration's token does for `SENTRY_AUTH_TOKEN` too.

When the integration is uninstalled in Sentry, its last webhook says so: `sentry-sync doctor`, `sync-status`,
`sentry-sync status` and the page of the sync then say since when none comes, and what to do.

A webhook is a hint. It is written down before it is answered, and of its body nothing is believed but which
issue it names: that issue is then looked at in Sentry, before anything else that waits. What was hinted at and
not yet looked at outlives the process. Polling finds all of it too, minutes later: Sentry sends nothing for
deleting and merging, and does not try again where an internal integration did not answer.
"""

_ANSWERS = """
From a change to the changed answer it takes less than half a second where there is room in the budget
([benchmarks](../benchmarks/README.md)). A storm of webhooks may spend a fifth of what syncing has, a hundred
issues a request; a twentieth of the budget is always left for what is hot. When
the integration is uninstalled, a line in the log says so: its webhooks end, and its token with them.

A body is signed, the time and the id of a request are not. So a webhook whose time is more than five minutes
off is refused, one whose id came before is known again for a day, and a body that comes again under another id,
as a captured one would, costs one look a minute.
"""

_FIGURES = """
## Figures

No label holds a slug, a version or a text of an event.
"""

_END = """
An alarm that matters: `sentry_sync_stale == 1`, `sentry_sync_failures > 3`, `sentry_sync_syncing == 0`,
`rate(sentry_sync_webhooks_total{outcome="forged"}[5m]) > 0`.
"""
