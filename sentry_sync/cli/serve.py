"""``sentry-sync serve``: the sync on its schedule, and all that is served over HTTP, in one process.

SIGHUP reads the settings file anew. What can change while the process runs does: the budget, how far back is read,
tokens and secrets, alerts and whom they tell, who may ask and how often, the log's level. Of what cannot, one line
says so.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sentry_sync.answers.context import Answers
from sentry_sync.cli import alerts, erasing, reloading
from sentry_sync.cli.answering import answers_of, means_of, once
from sentry_sync.cli.connect import client_of, connection_of
from sentry_sync.cli.reloading import Again
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.syncing import SyncHalf, syncing
from sentry_sync.cli.together import Half, until_a_signal
from sentry_sync.daemon import Said
from sentry_sync.errors import SettingsError
from sentry_sync.records.clock import SystemClock
from sentry_sync.records.delivery import Taken
from sentry_sync.serve import logs
from sentry_sync.serve.dashboard.wing import wings as dashboard
from sentry_sync.serve.ending import end_without_waiting
from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http import Address, address, bound, rules_at
from sentry_sync.serve.http_app import Wing
from sentry_sync.serve.http_server import HttpSide, Watch
from sentry_sync.serve.machines import wings as machines
from sentry_sync.serve.metrics import Metrics
from sentry_sync.serve.webhooks import Intake, Webhooks
from sentry_sync.store.audit_trail import AuditTrail, Entry

FIXED = (*reloading.FIXED, "log_format")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line says beside the settings."""

    http: str
    allow_writes: bool = False
    config: Path | None = None
    """The settings file that was named, where alerts are read from."""


def run(settings: Settings, chosen: Chosen, again: Again) -> None:
    """Sync and serve until SIGTERM or SIGINT; after SIGHUP by the settings that ``again`` gives.

    Raises SettingsError for settings that could never reach a server, and for an address that cannot be had;
    StoreError when the store can't be used.
    """
    logs.to_stderr(as_json=settings.log_format == "json", level=settings.log_level)
    where = address(chosen.http)
    with bound(where, _rules(settings)) as (listening, known), ExitStack() as opened:
        metrics = Metrics()
        half = opened.enter_context(syncing(settings, partial(_tell, metrics), metrics.request_sent))
        watching = opened.enter_context(alerts.looking(settings, chosen.config, logger.info))
        erasures = opened.enter_context(erasing.half(settings, logger.info))
        answers = opened.enter_context(answers_of(settings, allow_writes=chosen.allow_writes))
        gate = Gate(known, time.monotonic)
        running = _Running(settings, chosen, _Parts(half, watching, answers, gate))
        opened.callback(running.close)
        serving = HttpSide(
            answers,
            listening,
            gate,
            logger.info,
            wings=_wings(running, metrics, gate),
            watch=Watch(metrics.answered, metrics.heard, metrics.stream),
        )
        until_a_signal(
            Half("the sync", half.daemon.run, half.daemon.stop),
            Half("the HTTP server", serving.run, serving.stop),
            erasures,
            alerts.half(watching),
            on_hangup=lambda: running.reload(again, where, listening),
        )
    end_without_waiting()


@dataclass(frozen=True, slots=True)
class _Parts:
    half: SyncHalf
    watching: alerts.Looking
    answers: Answers
    gate: Gate


class _Running:
    """The parts of the process that come by other settings while it runs."""

    def __init__(self, settings: Settings, chosen: Chosen, parts: _Parts) -> None:
        self.settings = settings
        self.half = parts.half
        self.answers = parts.answers
        self._watching = parts.watching
        self._gate = parts.gate
        self._chosen = chosen
        self._clients: list[ExitStack] = []

    def reload(self, again: Again, where: Address, listening: socket.socket) -> None:
        """Go by the settings as they are now; where these are wrong, say so and go on as before."""
        try:
            found = reloading.anew(again, self.settings, FIXED)
            wanted = found.settings
            rules = rules_at(where, listening, _rules(wanted))
            wanted_alerts = alerts.of_file(self._chosen.config)
            self.half.adopt(wanted)
        except SettingsError as error:
            logger.warning("%s", reloading.refused(error))
            return
        self._answer_by(wanted)
        self._gate.adopt(rules)
        self._watching.adopt(wanted_alerts)
        logs.set_level(wanted.log_level)
        self.settings = wanted
        if found.stays:
            logger.warning("%s", found.stays)
        logger.info(reloading.READ)

    def secret(self) -> str | None:
        """The client secret that webhooks are signed with."""
        found = self.settings.webhook_secret
        return found.get_secret_value() if found else None

    def close(self) -> None:
        """Let go of the connections to Sentry."""
        for opened in self._clients:
            opened.close()

    def _answer_by(self, settings: Settings) -> None:
        opened = ExitStack()
        connection = connection_of(settings)
        store = self.answers.store
        client = once(partial(client_of, connection, store, SystemClock(), settings.rate_limit), opened)
        self.answers.adopt(means_of(settings, allow_writes=self._chosen.allow_writes), client)
        self._clients.append(opened)
        if len(self._clients) > 2:  # the last one's questions may still be under way, for ten seconds
            self._clients.pop(0).close()


def _wings(running: _Running, metrics: Metrics, gate: Gate) -> list[Wing]:
    metrics.reads(lambda counted: running.answers.holdings(counted=counted))
    intake = Intake(running.answers.take, running.half.nudge)
    came = partial(_came, metrics, running.answers.trail)
    webhooks = Webhooks(intake, running.secret, SystemClock().now, came)
    pages = dashboard(running.answers, gate, ahead=True)
    return [*pages, *machines(running.answers, metrics), webhooks.wing()]


def _came(metrics: Metrics, trail: AuditTrail, outcome: str) -> None:
    """A webhook came. Refused ones are counted only: whoever can reach the port could fill the log with them."""
    metrics.webhook(outcome)
    if outcome in {taken.value for taken in Taken}:
        trail.note(Entry("Sentry over HTTP", "webhook", {}, outcome))


def _rules(settings: Settings) -> Rules:
    token = settings.mcp_token.get_secret_value() if settings.mcp_token else None
    return Rules(token, frozenset(settings.mcp_hosts), settings.mcp_rate_limit)


def _tell(metrics: Metrics, said: Said) -> None:
    result = said.result
    if result is None:
        logger.info("%s", said.text)
        return
    metrics.turn_ended(result.stream, result.state, said.rows)
    told = logs.beside(
        stream=result.stream, state=result.state, rows=said.rows, requests=said.requests, reason=result.error
    )
    logger.log(logging.WARNING if result.state == "failed" else logging.INFO, "%s", said.text, extra=told)
