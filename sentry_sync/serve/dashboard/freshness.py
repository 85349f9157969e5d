"""How old and how whole a page is that shows several answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_NOTES = 8
"""Notes that a page repeats of all its answers; how many more there are is said."""


def together(found: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The freshness of all: as old as the oldest, whole if each of them is; None of no answer."""
    every = list(found)
    if not every:
        return None
    dates = [one["as_of"] for one in every]
    sources = {one["source"] for one in every}
    refused = [one["could_not_fall_through_because"] for one in every if one["could_not_fall_through_because"]]
    ages = [one["age_seconds"] for one in every if one["age_seconds"] is not None]
    return {
        "source": sources.pop() if len(sources) == 1 else "mixed",
        "as_of": None if None in dates else min(dates),
        "age_seconds": None if None in dates else max(ages),
        "stale": any(one["stale"] for one in every),
        "complete": all(one["complete"] for one in every),
        # That a page asks nobody is so by design: any other reason tells more.
        "could_not_fall_through_because": max(refused, key=lambda one: one != "not_asked", default=None),
        "notes": _notes(every),
    }


def _notes(every: Iterable[Mapping[str, Any]]) -> list[str]:
    notes = list(dict.fromkeys(note for one in every for note in one["notes"]))
    left = len(notes) - MOST_NOTES
    return [*notes[:MOST_NOTES], f"and {left} more"] if left > 0 else notes
