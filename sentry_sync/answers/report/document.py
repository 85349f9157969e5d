"""What a report is made of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sentry_sync.answers import untrusted
from sentry_sync.answers.charts import Chart


@dataclass(frozen=True, slots=True)
class Quoted:
    """Text that came out of Sentry, on one line and without hidden characters: shown as data, never as markup."""

    text: str


def quoted(text: str | None, limit: int = 120) -> Quoted | str:
    """The text to be shown as data; a dash for none."""
    found = untrusted.line(text or "", limit)
    return Quoted(found) if found.strip() else "-"


Cell = str | Quoted


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column."""

    heading: Cell
    number: bool = False
    """Figures stand right."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    """What is to be said of it: rows that are left out, time that is not known."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart under a caption."""

    caption: str
    chart: Chart


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that matters."""

    name: str
    value: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """The figures that matter most."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or two."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    points: tuple[str, ...]


Block = Table | Figure | Tiles | Paragraph | Points


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: Cell
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of it."""

    title: str
    lines: tuple[str, ...]
    """Of when, from when, and made when."""
    missing: tuple[str, ...]
    """Why it is not complete; nothing where it is."""
    sections: tuple[Section, ...]

    @property
    def complete(self) -> bool:
        """Whether everything that belongs into it is known."""
        return not self.missing

    def figures(self) -> Iterator[Figure]:
        """Every chart."""
        stack = list(self.sections)
        while stack:
            section = stack.pop(0)
            yield from (block for block in section.blocks if isinstance(block, Figure))
            stack[:0] = section.sections
