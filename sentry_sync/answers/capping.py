"""An answer in no more bytes than its reader takes: rows left out at row borders, long texts cut with their size.

Pure. Assistants cut what is too long wherever it happens to be, or put it into a file; then nobody knows what is
missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sentry_sync.answers.tidy import Limits, tidy

DEFAULT_BYTES = 24_000
"""Of compact JSON: 6,000 to 8,000 tokens, a third of what Claude Code lets through."""

LEAST_BYTES = 4_000
"""Freshness with its notes and one row have to fit."""

MOST_BYTES = 200_000

_SAID = 400
"""Bytes that the cursor and the note about what was left out take."""

_TIGHTER = (
    Limits(text=2_000, items=50, depth=8),
    Limits(text=500, items=20, depth=7),
    Limits(text=150, items=8, depth=6),
    Limits(text=40, items=3, depth=4),
)
"""How a single row is made to fit, mildest first."""

_KEPT = frozenset({"freshness", "more", "next_cursor"})


@dataclass(frozen=True, slots=True)
class Paging:
    """Which list of an answer can be cut, and how to go on behind its first rows."""

    rows: str
    after: Callable[[int], str]
    """The cursor that goes on behind the first so many rows of this answer."""


def cap(answer: dict[str, Any], paging: Paging | None, most: int) -> dict[str, Any]:
    """``answer`` in at most ``most`` bytes as JSON, with ``next_cursor`` where it can go on.

    Its freshness is never cut; what was left out is said in the notes.
    """
    if paging is not None:
        onward = paging.after(len(answer[paging.rows])) if _may_go_on(answer) else None
        answer = {**answer, "next_cursor": onward}
    if size(answer) <= most:
        return answer
    answer = _fewer(answer, paging, most)
    return answer if size(answer) <= most else _shorter(answer, most)


def _may_go_on(answer: Mapping[str, Any]) -> bool:
    """Whether there are further rows, or where all on this page are certain and nobody knows what comes after."""
    more = answer.get("more")
    return bool(more) or ("more" in answer and more is None and answer["freshness"]["complete"])


def size(value: Any) -> int:
    """Bytes of compact JSON."""
    return len(orjson.dumps(value))


def _fewer(answer: dict[str, Any], paging: Paging | None, most: int) -> dict[str, Any]:
    """The first rows that fit, at least one; of an answer that can't go on, those of its largest list."""
    name = paging.rows if paging else _largest_list(answer)
    if name is None:
        return answer
    rows = answer[name]
    kept = max(1, _fitting(rows, most - size({**answer, name: [], "next_cursor": None}) - _SAID))
    if kept >= len(rows):
        return answer
    onward = {"more": True, "next_cursor": paging.after(kept)} if paging else {}
    how = "go on with next_cursor" if paging else "ask for less, or with a larger max_bytes"
    note = f"{len(rows) - kept} of {len(rows)} {name} were left out to stay under {most} bytes: {how}"
    return _noted({**answer, name: rows[:kept], **onward}, note)


def _fitting(rows: Sequence[Any], room: int) -> int:
    """How many of the first rows fit into so many bytes."""
    for kept, row in enumerate(rows):
        room -= size(row) + 1
        if room < 0:
            return kept
    return len(rows)


def _largest_list(answer: Mapping[str, Any]) -> str | None:
    lists = [name for name, value in answer.items() if isinstance(value, list) and len(value) > 1]
    return max(lists, key=lambda name: size(answer[name]), default=None)


def _shorter(answer: dict[str, Any], most: int) -> dict[str, Any]:
    """The answer with its long texts, lists and objects cut ever shorter until it fits."""
    note = f"texts and lists were cut to stay under {most} bytes; each says how much is missing"
    cut = answer
    for limits in _TIGHTER:
        cut = _noted({name: _tight(name, value, limits) for name, value in answer.items()}, note)
        if size(cut) <= most:
            break
    return cut


def _tight(name: str, value: Any, limits: Limits) -> Any:
    if name in _KEPT:
        return value
    # Rows stay rows, whatever becomes of what is in them: a client checks that each one is an object.
    return [tidy(row, limits) for row in value] if isinstance(value, list) else tidy(value, limits)


def _noted(answer: Mapping[str, Any], note: str) -> dict[str, Any]:
    freshness = answer["freshness"]
    return {**answer, "freshness": {**freshness, "notes": [*freshness["notes"], note]}}
