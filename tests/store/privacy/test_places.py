"""No column may hold a person without an erasure reaching it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, Table, insert, select

from sentry_sync.store import tables
from sentry_sync.store.privacy.places import IMPERSONAL, SWEPT
from sentry_sync.store.privacy.rewriting import sweep
from sentry_sync.store.privacy.scrub import FIELDS
from sentry_sync.store.store import Store
from sentry_sync.store.types import Moment
from sentry_sync.store.upserts import RULES
from tests.support.clock import FakeClock
from tests.support.rows import NOW

NUMBERS = (Integer, Float, Boolean, Moment)
ALL = list(tables.metadata.tables.values())


def test_every_column_that_holds_text_is_either_reached_by_an_erasure_or_cannot_hold_a_person() -> None:
    stored = {
        f"{table.name}.{column.name}"
        for table in ALL
        for column in table.columns
        if not isinstance(column.type, NUMBERS)
    }
    reached = {f"{table}.{column}" for table, columns in SWEPT.items() for column in columns}
    reached |= {f"{RULES[kind].table.name}.{column}" for kind, columns in FIELDS.items() for column in columns}
    impersonal = Counter(column for columns in IMPERSONAL.values() for column in columns)
    assert stored - reached - set(impersonal) == set(), "say in places.py whether a person may stand there"
    assert (reached | set(impersonal)) - stored == set(), "there is no such column any more"
    assert reached & set(impersonal) == set()
    assert set(impersonal.values()) == {1}


def test_a_mention_goes_from_each_column_that_is_swept_and_from_every_row(tmp_path: Path) -> None:
    found = {name: tables.metadata.tables[name] for name in SWEPT}
    with closing(Store(tmp_path, FakeClock(NOW))) as store:
        store.prepare()
        with closing(store._writing().engine.connect()) as connection, connection.begin():
            for name, table in found.items():
                connection.execute(insert(table), [row(table, SWEPT[name], n) for n in range(3)])
        swept = sweep(store, FakeClock(NOW), lambda text: text.replace("Ana", "-"))
        assert swept == dict.fromkeys(SWEPT, 3)
        with closing(store.read()) as reading:
            for name, table in found.items():
                texts = [
                    each[column] for each in reading.execute(select(table)).mappings() for column in SWEPT[name]
                ]
                assert set(texts) == {"- 0", "- 1", "- 2"}


def row(table: Table, swept: tuple[str, ...], number: int) -> dict[str, Any]:
    return {
        column.name: f"Ana {number}" if column.name in swept else filler(column, number)
        for column in table.columns
    }


def filler(column: Column[Any], number: int) -> str | int | datetime | None:
    if column.nullable:
        return None
    if isinstance(column.type, Moment):
        return NOW
    if isinstance(column.type, Boolean):
        return False
    return number if isinstance(column.type, NUMBERS) else f"{number:032x}"
