"""Breaking the pages of a database that hold a table's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

PAGE = 4096
LEAF = 13
"""The kind of a page that holds rows; one of kind 5 has the numbers of those below it."""


def leaves(file: Path, table: str) -> list[int]:
    """The pages that hold the table's rows, in the order of their keys. The log must be empty."""
    with closing(sqlite3.connect(file)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    return _below(file.read_bytes(), root)


def schema(file: Path) -> list[int]:
    """The pages that say which tables there are and where: without one of them none can be found."""
    return [1, *_below(file.read_bytes(), 1)]


HEADER = 100
"""Bytes before what the first page holds."""


def _below(content: bytes, page: int) -> list[int]:
    start = (page - 1) * PAGE
    # The first page's cells are counted from its very beginning all the same.
    rest = content[HEADER:PAGE] if page == 1 else content[start : start + PAGE]
    if rest[0] == LEAF:
        return [page]
    count = int.from_bytes(rest[3:5])
    cells = [int.from_bytes(rest[12 + 2 * n : 14 + 2 * n]) for n in range(count)]
    children = [int.from_bytes(content[start + cell : start + cell + 4]) for cell in cells]
    children.append(int.from_bytes(rest[8:12]))
    return [leaf for child in children for leaf in _below(content, child)]


def break_pages(file: Path, pages: Iterable[int]) -> None:
    """Overwrite whole pages with what no page of SQLite looks like."""
    with file.open("r+b") as opened:
        for page in pages:
            opened.seek((page - 1) * PAGE)
            opened.write(b"\xff" * PAGE)
