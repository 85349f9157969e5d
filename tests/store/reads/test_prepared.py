"""Prepared statements give what SQLAlchemy would; every one of them runs."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select, update

from sentry_sync.records.event import Event
from sentry_sync.store import database, migrate, reads, tables
from sentry_sync.store.reads.prepared import Change, Prepared
from sentry_sync.store.reads.snapshot import driver_of, empty
from sentry_sync.store.types import Moment
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.support.rows import NOW, issue, project


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """Tests only read it, or take back what they write."""
    with empty() as connection:
        UnitOfWork(connection).upsert(
            [
                issue(unhandled=None, last_seen=NOW + timedelta(microseconds=1)),
                project("2", "api"),
                Event("2", "ab" * 16, "17", NOW, None, None, None, None, None, None, None, {"k": "v"}),
            ]
        )
        yield connection


@pytest.mark.parametrize("table", ["issues", "events", "projects"])
def test_a_row_reads_as_sqlalchemy_reads_it(connection: Connection, table: str) -> None:
    statement = select(tables.metadata.tables[table])
    (prepared,) = Prepared(statement).all(driver_of(connection))
    (usual,) = connection.execute(statement).all()
    assert prepared._asdict() == usual._asdict()


def test_parameters_are_converted_and_literals_kept(connection: Connection) -> None:
    statement = Prepared(
        select(tables.issues.c.id, func.max(tables.issues.c.last_seen).label("at"))
        .where(tables.issues.c.last_seen > bindparam("since", type_=Moment), tables.issues.c.count > 5)
        .group_by(tables.issues.c.id)
    )
    driver = driver_of(connection)
    assert [tuple(row) for row in statement.all(driver, {"since": NOW})] == [
        ("17", NOW + timedelta(microseconds=1))
    ]
    assert statement.first(driver, {"since": NOW + timedelta(seconds=1)}) is None


def test_a_change_is_made_in_the_transaction_as_sqlalchemy_makes_it(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "store.db")
    row = {"stream": "issues.hot", "scope": "", "mark": NOW, "as_of": NOW + timedelta(seconds=1)}
    marks = tables.marks
    later = Change(update(marks).where(marks.c.stream == "issues.hot").values(mark=bindparam("to")))
    with database.writer(tmp_path / "store.db").connect() as connection:
        with connection.begin() as transaction:
            Change(insert(marks), *row).run(connection, row)
            assert later.run(connection, {"to": NOW + timedelta(days=1)}).rowcount == 1
            assert connection.execute(select(marks)).one()._asdict() == {**row, "mark": NOW + timedelta(days=1)}
            transaction.rollback()
        assert connection.execute(select(marks)).all() == []


def test_a_row_that_lacks_a_value_is_not_written(connection: Connection) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        Change(insert(tables.marks), *tables.marks.c.keys()).run(connection, {"stream": "issues.hot"})


def prepared_statements() -> list[Any]:
    found = []
    for module in pkgutil.iter_modules(reads.__path__):
        loaded = importlib.import_module(f"{reads.__name__}.{module.name}")
        found += [
            pytest.param(value, id=f"{module.name}.{name}")
            for name, value in vars(loaded).items()
            if isinstance(value, Prepared)
        ]
    return found


@pytest.mark.parametrize("statement", prepared_statements())
def test_every_statement_runs(connection: Connection, statement: Prepared) -> None:
    compiled = statement._compiled.bound
    values = {name: 1 if value is None else value for name, value in compiled.values.items()}
    assert isinstance(driver_of(connection).execute(compiled.sql, values).fetchall(), list)
