"""The session's own walls, tried without the gate in front of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.trends.opened import open_session

secret = "a Python variable is no table"


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_session() as opened:
        opened.execute("CREATE TABLE t AS SELECT 1 AS a")
        yield opened


@pytest.mark.parametrize(
    "statement",
    [
        "COPY t TO '{folder}/out.csv'",
        "COPY t TO '{folder}/out.csv' (FORMAT csv, USE_TMP_FILE false)",
        "WITH w AS (COPY t TO '{folder}/out.csv') SELECT 1",
        "EXPLAIN ANALYZE COPY t TO '{folder}/out.csv'",
        "COPY t FROM '{folder}/in.csv'",
        "ATTACH '{folder}/new.db'",
        "ATTACH '{folder}/new.db' AS x (READ_ONLY)",
        "EXPORT DATABASE '{folder}/exported'",
        "IMPORT DATABASE '{folder}'",
        "SELECT * FROM '{folder}/in.csv'",
        "SELECT * FROM read_csv('{folder}/in.csv')",
        "SELECT * FROM read_text('{folder}/in.csv')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM 'https://127.0.0.1:1/x.parquet'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '{folder}/x.duckdb_extension'",
        "CREATE PERSISTENT SECRET s (TYPE http)",
        "SELECT * FROM secret",
        "SELECT * FROM session",
        "SET memory_limit = '100GB'",
        "SET threads = 64",
        "SET enable_external_access = true",
        "SET allowed_directories = ['{folder}']",
        "SET disabled_filesystems = ''",
        "SET temp_directory = '{folder}'",
        "SET python_enable_replacements = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "PRAGMA enable_logging",
        "SET GLOBAL TimeZone = 'Asia/Tokyo'",
    ],
)
def test_nothing_outside_the_session_can_be_reached(
    session: duckdb.DuckDBPyConnection, tmp_path: Path, statement: str
) -> None:
    (tmp_path / "in.csv").write_text("7\n")

    with pytest.raises(duckdb.Error):
        session.execute(statement.format(folder=tmp_path)).fetchall()

    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("enable_external_access", False),
        ("lock_configuration", True),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("python_enable_replacements", False),
        ("TimeZone", "UTC"),
        ("threads", 2),
        ("memory_limit", "1.8 GiB"),
        ("temp_directory", ""),
    ],
)
def test_a_session_is_set_as_it_should_be(session: duckdb.DuckDBPyConnection, setting: str, value: object) -> None:
    assert session.execute(f"SELECT current_setting('{setting}')").fetchone() == (value,)


def test_files_are_walled_off_twice(session: duckdb.DuckDBPyConnection) -> None:
    """The file system itself is off, should a function ever forget to ask about external access."""
    with pytest.raises(duckdb.PermissionException, match="LocalFileSystem has been disabled"):
        session.execute("SELECT * FROM read_text('/etc/hostname')")


def test_sessions_share_nothing(session: duckdb.DuckDBPyConnection) -> None:
    with open_session() as other, pytest.raises(duckdb.CatalogException):
        other.execute("SELECT * FROM t")


def test_the_machines_time_zone_changes_nothing() -> None:
    program = (
        "from sentry_sync.trends.opening import MEMORY, connected\n"
        "row = connected(MEMORY).execute(\n"
        "    \"SELECT timestamp '2026-11-20 12:00:00' = timestamptz '2026-11-20 12:00:00+00'\").fetchone()\n"
        "print(row)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "(True,)\n"
