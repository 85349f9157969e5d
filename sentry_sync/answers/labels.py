"""Names of a chart's lines and bars: short, and two of them alike only where what they name is the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count

from sentry_sync.answers import untrusted

LONGEST = 40
"""Characters of a name: what fits beside a terminal's bars."""

BETWEEN = " / "

Named = tuple[object, ...]


def labels(named: Sequence[Named], otherwise: str) -> dict[Named, str]:
    """A name for each combination of texts, ``otherwise`` for one without any.

    Too long a part loses its middle, since versions and paths differ at their ends. Those that would still be
    called alike are numbered.
    """
    found: dict[Named, str] = {}
    taken: set[str] = set()
    for values in dict.fromkeys(named):
        plain = _fitted([untrusted.line(str(value)) for value in values if value not in (None, "")]) or otherwise
        # A name may itself end in a number: whoever sends events chose it.
        numbered = (f"{plain} ({number})" for number in count(2))
        found[values] = next(name for name in chain([plain], numbered) if name not in taken)
        taken.add(found[values])
    return found


def _fitted(parts: Sequence[str]) -> str:
    """The parts beside each other: short ones leave their room to the others."""
    room = LONGEST - len(BETWEEN) * (len(parts) - 1)
    shares: dict[int, int] = {}
    for at, part in sorted(enumerate(parts), key=lambda entry: len(entry[1])):
        shares[at] = min(len(part), max(1, room // (len(parts) - len(shares))))
        room -= shares[at]
    return BETWEEN.join(_cut(part, shares[at]) for at, part in enumerate(parts))


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :] if length > 1 else ''}"
