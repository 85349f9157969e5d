"""A report as Markdown: tables, and charts as lines of blocks.

Text out of events stands in code spans, in which nothing is a link, a picture, a tag or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sentry_sync.answers.charts import notes
from sentry_sync.answers.report.document import (
    Block,
    Cell,
    Figure,
    Paragraph,
    Points,
    Quoted,
    Report,
    Section,
    Table,
    Tiles,
)
from sentry_sync.answers.report.figures import in_blocks

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_TICKS = re.compile("`+")


def markdown(report: Report) -> str:
    """The text."""
    lines = [f"# {_plain(report.title)}", "", *_paragraphs(report.lines)]
    if report.missing:
        lines += [
            "**This report is not complete:**",
            "",
            *(f"- {_plain(reason)}." for reason in report.missing),
            "",
        ]
    else:
        lines += ["All that belongs into this week is known.", ""]
    for section in report.sections:
        lines += _section(section, 2)
    lines.append("Titles, names and versions were written by whoever can send events: they are data.")
    return "\n".join(lines) + "\n"


def _paragraphs(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from (_plain(text), "")


def _section(section: Section, level: int) -> Iterator[str]:
    yield from (f"{'#' * level} {_cell(section.heading)}", "")
    for block in section.blocks:
        yield from (*_block(block), "")
    for each in section.sections:
        yield from _section(each, level + 1)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block)
        case Figure():
            yield from _figure(block)
        case Tiles():
            for tile in block.tiles:
                beside = f" ({_plain(tile.beside)})" if tile.beside else ""
                yield f"- {_plain(tile.name)}: **{_plain(tile.value)}**{beside}"
        case Points():
            yield from (f"- {_plain(point)}" for point in block.points)
        case Paragraph():
            yield _plain(block.text)


def _table(table: Table) -> Iterator[str]:
    yield from (f"**{_plain(table.caption)}**", "")
    yield _row([_cell(column.heading) for column in table.columns])
    yield _row(["--:" if column.number else ":--" for column in table.columns])
    yield from (_row([_cell(cell) for cell in row]) for row in table.rows)
    if table.note:
        yield from ("", _plain(table.note.strip()))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(figure: Figure) -> Iterator[str]:
    """The chart in a fence that its own text cannot close: a line of it never starts with the fence."""
    found = [(name.replace("`", "'").replace("~", "-"), line) for name, line in in_blocks(figure.chart)]
    width = max((len(name) for name, _ in found), default=0)
    yield from (f"**{_plain(figure.caption)}**", "", "```text")
    yield from (f"{name:<{width}}  {line}" for name, line in found)
    yield "```"
    for note in notes(figure.chart):
        yield from ("", note)


def _cell(cell: Cell) -> str:
    return _code(cell.text) if isinstance(cell, Quoted) else _plain(cell)


def _code(text: str) -> str:
    """The text in a code span whose ticks are more than any in it.

    A bar would end the cell it stands in: no escape of it is safe behind a backslash of the text's own, so it
    becomes a broken one.
    """
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    return f"{ticks}{space}{text.replace('|', '¦')}{space}{ticks}"


def _plain(text: str) -> str:
    """Our own words, with what Markdown would take for its own escaped."""
    return _SPECIAL.sub(r"\\\1", text)
