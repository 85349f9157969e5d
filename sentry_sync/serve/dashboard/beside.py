"""Several things that take longer than a page may, worked out beside it and waited for together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sentry_sync.answers.library import QueryCommand
from sentry_sync.errors import SentrySyncError
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.kept import Held

T = TypeVar("T")

ROWS = 100
"""Of a query's answer, unless more are needed."""

ROW_BYTES = 2_000
"""That a row may take: nothing but their number cuts the rows of a page."""

Works = Mapping[Hashable, Callable[[], T]]
"""What is to be worked out, by the keys under which it is kept."""


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a page: what was worked out and how long ago, why it cannot be, or nothing of it yet."""

    value: T | None = None
    age: float | None = None
    problem: str | None = None
    renewing: bool = False
    """Whether the value grew old, and the next one is worked out."""

    @property
    def pending(self) -> bool:
        """Whether it is still worked out."""
        return self.value is None and self.problem is None

    @property
    def to_come(self) -> bool:
        """Whether asking again soon brings something newer."""
        return self.pending or self.renewing


def of_held(held: Held[T] | None) -> Part[T]:
    """What there is of it so far."""
    return Part(held.value, held.age, renewing=held.renewing) if held else Part()


def parts(asked: Asked, works: Works[T]) -> dict[Hashable, Part[T]]:
    """Each part by its key. All are begun at once; the page waits for them as long as it has time."""
    for key, work in works.items():
        _part(asked, key, work, 0.0)
    return {key: _part(asked, key, work) for key, work in works.items()}


def query(asked: Asked, name: str, limit: int = ROWS, **parameters: Any) -> tuple[Hashable, Callable[[], Any]]:
    """A query of the library as such a work, and its key."""
    command = QueryCommand(name, parameters, limit, limit * ROW_BYTES)
    return ("query", name, limit, *sorted(parameters.items())), lambda: asked.carried_out(command)


def _part(asked: Asked, key: Hashable, work: Callable[[], T], patience: float | None = None) -> Part[T]:
    try:
        held = asked.beside(key, work, patience=patience)
    except SentrySyncError as error:
        return Part(problem=str(error))
    return of_held(held)
