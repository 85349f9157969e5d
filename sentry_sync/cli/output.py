"""What commands print: plain text for people, one JSON document a line for programs."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sentry_sync.errors import SettingsError

CELL = 100
"""Characters of a cell in a printed table: enough for a title, short enough for two columns beside it."""


HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories that move a cursor, reorder text or show nothing: what a hostile title is made of."""


def printable(text: str) -> str:
    """``text`` with whatever could command a terminal or hide itself shown as ``?``; white space as one space."""
    spaced = " ".join(text.split())
    return "".join("?" if unicodedata.category(character) in HIDDEN else character for character in spaced)


def line(text: str = "") -> None:
    """Print one line for a person. Text that came out of Sentry must have gone through ``printable``."""
    _write(sys.stdout, text)


def warn(text: str) -> None:
    """Print one line on stderr, where it disturbs no pipe."""
    _write(sys.stderr, text)


def flush() -> None:
    """Let whoever reads a pipe see what was printed so far."""
    if sys.stdout is not None:
        sys.stdout.flush()


def document(payload: Any) -> None:
    """Print ``payload`` as one line of JSON: times as ISO 8601, bytes as hex digits, what else JSON lacks as text.

    Escaped to ASCII, so that no control or bidirectional character in it reaches a terminal.
    """
    _write(sys.stdout, to_json(payload))


def to_json(payload: Any) -> str:
    """``payload`` as one line of ASCII JSON."""
    return json.dumps(payload, default=_plain, separators=(",", ":"))


def into(path: Path, write: Callable[[Path], object]) -> None:
    """Have ``write`` write the file, and say so on stderr; raises SettingsError for one that cannot be written."""
    try:
        write(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}") from None
    warn(f"wrote {path}")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


def _write(stream: IO[str] | None, text: str) -> None:
    if stream is not None:  # None when the caller closed it (``>&-``)
        stream.write(text + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns; numbers to the right. Cells are made safe for a terminal and cut at CELL."""
    cells = [[_cell(value) for value in row] for row in rows]
    numeric = [bool(cells) and all(_is_number(row[column]) for row in cells) for column in range(len(headings))]
    widths = [max([len(heading), *(len(row[column]) for row in cells)]) for column, heading in enumerate(headings)]
    for row in [list(headings), *cells]:
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        )
        line("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return moment(value)
    text = printable(str(value))
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == "-"
    return True


def moment(value: datetime | None) -> str:
    """A time to the second, ``-`` for none."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ") if value else "-"


def duration(value: timedelta | None) -> str:
    """A length in its two greatest units (``3h 12m``), ``-`` for none."""
    if value is None:
        return "-"
    seconds = max(0, round(value.total_seconds()))
    for name, size, smaller, part in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size}{name} {rest}{smaller}" if rest else f"{seconds // size}{name}"
    return f"{seconds}s"


def size(count: int) -> str:
    """Bytes as a person reads them."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
