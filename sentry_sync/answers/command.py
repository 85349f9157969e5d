"""What is carried out, not looked up: it may take seconds, so it runs in a thread and says how far it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentry_sync.answers.asking import Answer
    from sentry_sync.answers.desk import Desk


def _to_nobody(done: int, message: str) -> None:
    """Nobody asked how far it is."""


def _stays() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Listener:
    """Whoever waits for a command."""

    tell: Callable[[int, str], None] = _to_nobody
    """How much is done, a number that only grows, and of what."""
    gone: Callable[[], bool] = _stays
    """Whether nobody waits any more."""
    name: str = "a program"
    """Who it is, for the audit log."""


NOBODY = Listener()


class Command(ABC):
    """One command with its arguments."""

    resource: str
    """What it is about, as a question's."""

    @property
    def most(self) -> int | None:
        """Bytes its answer may take, where it cuts it by itself; None where that is left to whoever asked."""
        return None

    @abstractmethod
    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """What came of it, with ``freshness``; blocks. Raises QuestionError for what cannot be asked at all."""
