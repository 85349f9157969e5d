"""One real page of every stream, to be spoiled field by field."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import SentryError
from sentry_sync.sentry.client import SentryClient
from sentry_sync.store.reads.state import State
from sentry_sync.sync.engine import Engine, Tally
from sentry_sync.sync.run import LADDERS
from sentry_sync.sync.server_clock import ServerClock
from sentry_sync.sync.stream import Harvest, Look, Stream, Work
from sentry_sync.sync.streams.batches import Looked
from tests.support.rig import Rig

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page

Path = tuple[str | int, ...]
"""How to a value inside a page's body."""

ROWS = 2
"""Rows of a sample: one to spoil and one that must come through."""


@dataclass
class Sample:
    """One page of one stream, with what it was asked for."""

    stream: Stream
    work: Work
    page: Page

    @property
    def name(self) -> str:
        """The stream and its rung."""
        return f"{self.stream.name}-{self.stream.source}"

    @property
    def paths(self) -> list[Path]:
        """Every place in the body; of an answer made up of two, those inside each."""
        least = 1 if self.stream.name == "project_stats" else 0
        return [path for path in _paths(self.page.body) if len(path) > least]

    def spoiled(self, path: Path, value: Any) -> Any:
        """The body with ``value`` at ``path``."""
        if not path:
            return value
        body = copy.deepcopy(self.page.body)
        place = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return body


@dataclass
class Samples:
    """What the streams of a rig were answered."""

    rig: Rig
    client: SentryClient
    taken: dict[str, Sample] = field(default_factory=dict)

    def take(self) -> None:
        """Run every rung of every ladder once; those that this server lacks have no sample."""
        with self.rig.store.read() as connection:
            state = State(connection)
            for stream in (rung for ladder in LADDERS for rung in ladder):
                self._take(stream, state)

    def feed(self, sample: Sample, body: Any) -> Tally:
        """What the engine makes of ``body``, in a store that has synced."""
        page = replace(sample.page, body=body, next_cursor=None, hits=None)
        stream = replace(sample.stream, plan=lambda look: [sample.work], fetch=lambda *_: page)
        tally = Tally()
        with self.rig.store.read() as connection:
            self._run(stream, State(connection), tally)
        return tally

    def read(self, sample: Sample, page: Page) -> Harvest:
        """What the stream reads out of ``page``; nothing is written."""
        with self.rig.store.read() as connection:
            state = State(connection)
            look = Look(state, self.rig.policy, self.rig.clock.now(), state.projects())
            return sample.stream.harvest(page, sample.work, look)

    def _take(self, stream: Stream, state: State) -> None:
        def harvest(page: Page, work: Work, look: Look) -> Harvest:
            found = stream.harvest(page, work, look)
            if found.rows and not isinstance(page.body, Looked):
                body = _shortened(copy.deepcopy(page.body))
                sample = Sample(stream, work, replace(page, body=body))
                self.taken.setdefault(sample.name, sample)
            return found

        try:
            self._run(replace(stream, harvest=harvest), state, Tally())
        except SentryError:
            return

    def _run(self, stream: Stream, state: State, tally: Tally) -> None:
        look = Look(state, self.rig.policy, self.rig.clock.now(), state.projects())
        clock = ServerClock(self.rig.clock)
        Engine(self.rig.store, self.client, clock, self.rig.progress.append, lambda: False).run(
            stream, look, tally
        )


def _shortened(body: Any) -> Any:
    if isinstance(body, list):
        return body[:ROWS]
    if isinstance(body, dict):
        return {name: _shortened(value) if name in ("data", "groups") else value for name, value in body.items()}
    return body


def _paths(value: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    if isinstance(value, dict):
        inner: Any = value.items()
    elif isinstance(value, list):
        inner = list(enumerate(value))[:1]
    else:
        return
    for step, part in inner:
        yield from _paths(part, (*here, step))
