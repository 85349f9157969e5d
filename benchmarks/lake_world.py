"""A large store made at once: rows drawn by DuckDB and written into SQLite, as a sync would have left them."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from sentry_sync.records.intervals import Interval
from sentry_sync.store.columns import COLUMNS, KINDS, quote
from sentry_sync.store.store import Store
from sentry_sync.store.types import to_micros

DAYS, PROJECTS, ISSUES, TRANSACTIONS = 90, 20, 2_000, 300


class Frozen:
    """The clock of a world that has ended."""

    def now(self) -> datetime:
        """Its end."""
        return NOW

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""The end of the world's time; queries are asked with it as their present."""

_TAGS = (
    """'{"browser":"Chrome ' || (r7 % 30) || '","browser.name":"Chrome","os":"Windows ' || (r8 % 4) || """
    """'","server_name":"web-' || (r9 % 40) || '","runtime":"CPython 3.11.' || (r7 % 5) || """
    """'","handled":"no","mechanism":"django","environment":"' || environment || """
    """'","release":"' || "release" || """
    """'","url":"https://shop.example.com/api/v1/' || (r8 % 300) || '"}'"""
)

_EVENTS = f"""
SELECT
    project_id, unhex(md5(i::VARCHAR)) AS event_id, issue_id, timestamp, environment, "release",
    'error' AS level,
    'TypeError: cannot read property of ' || issue_id AS title,
    '/api/v1/' || (r8 % {TRANSACTIONS}) AS "transaction",
    'python' AS platform, 'id:' || (r9 % 50000) AS user_key, {_TAGS} AS tags
FROM (
    SELECT *, (issue % {PROJECTS} + 1)::VARCHAR AS project_id, (1000 + issue)::VARCHAR AS issue_id,
        {to_micros(NOW)} - (({DAYS} * 86400e6) * ((n - i) / n + (r7 % 1000) / n))::BIGINT AS timestamp,
        CASE WHEN r7 % 10 < 7 THEN 'production' WHEN r7 % 10 < 9 THEN 'staging' ELSE 'dev' END AS environment,
        'web@1.' || (i * 60 // n)::INT AS "release"
    FROM (
        SELECT i, $rows::DOUBLE AS n,
            least(floor({ISSUES} * power((hash(i) % 1000000) / 1e6, 3)), {ISSUES} - 1)::INT AS issue,
            hash(i + 7) % 100003 AS r7, hash(i + 8) % 100003 AS r8, hash(i + 9) % 1000003 AS r9
        FROM range($rows) AS t(i)
    )
)
"""

_COUNTS = """
INSERT INTO error_counts (project_id, issue_id, environment, release, hour, count, users)
SELECT project_id, issue_id, environment, release, timestamp - timestamp % 3600000000, count(*),
    count(DISTINCT user_key)
FROM events GROUP BY 1, 2, 3, 4, 5 ORDER BY 5
"""
"""By hour, as a sync writes them: rows of one time lie side by side."""

_FIGURES = """
    1 + hash(i) % 5000 AS "count", 1.5 AS tpm, 40 + hash(i + 1) % 100 AS avg, 30.5 AS p50, 60.5 AS p75,
    80.0 + hash(i + 2) % 900 AS p95, 1000.0 AS p99, (hash(i + 3) % 100) / 1000 AS failure_rate, 0.9 AS apdex,
    hash(i + 4) % 900 AS users, false AS approximate
"""

_STATS = f"""
SELECT (t % {PROJECTS} + 1)::VARCHAR AS project_id, 'production' AS environment, '/api/v1/' || t AS "transaction",
    {to_micros(NOW)} - (i // {TRANSACTIONS}) * 3600000000 AS hour, {_FIGURES}
FROM (SELECT i, i % {TRANSACTIONS} AS t FROM range($rows) AS r(i))
"""

_HEALTH = f"""
SELECT 'web@1.' || (d * 60 // {DAYS}) AS "release", p::VARCHAR AS project_id, e AS environment,
    {to_micros(NOW) // 86_400_000_000 * 86_400_000_000} - ({DAYS} - d - 1) * 86400000000 AS bucket,
    1000 + d AS sessions,
    500 AS users, 0.99 AS crash_free_sessions, 0.98 AS crash_free_users, 0.5 AS adoption
FROM range({DAYS}) AS a(d), range(1, {PROJECTS} + 1) AS b(p), unnest(['production', 'staging']) AS c(e)
WHERE $rows > 0
"""

_SMALL = f"""
INSERT INTO projects (id, slug, name, platform, status, known_since, verified_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PROJECTS})
SELECT i, 'project-' || i, 'Project ' || i, 'python', 'active', 0, {to_micros(NOW)} FROM n;
INSERT INTO issues (
    id, project_id, short_id, title, level, status, count, first_seen, last_seen, known_since, verified_at
)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {ISSUES - 1})
SELECT 1000 + i, i % {PROJECTS} + 1, 'P-' || i, 'TypeError ' || i, 'error',
    CASE i % 3 WHEN 0 THEN 'resolved' ELSE 'unresolved' END, 100, {to_micros(NOW - timedelta(days=DAYS))},
    {to_micros(NOW)}, 0, {to_micros(NOW)} FROM n;
"""


def fill(directory: Path, events: int, transactions: int) -> Store:
    """A store of so many rows; secondary indexes are made last, which is four times faster."""
    store = Store(directory, Frozen())
    store.prepare()
    with closing(sqlite3.connect(store.paths.database)) as connection, closing(duckdb.connect()) as rows:
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000"
        )
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.executescript(_SMALL)
        for table, query, count in (
            ("events", _EVENTS, events),
            ("transaction_stats", _STATS, transactions),
            ("release_health", _HEALTH, 1),
        ):
            _copy(connection, rows, table, query, count)
        connection.execute(_COUNTS)
        for _, sql in indexes:
            connection.execute(sql)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with store.write() as uow:
        known = Interval(NOW - timedelta(days=DAYS), NOW)
        for resource in ("events", "error_counts", "transactions", "release_health"):
            uow.cover(resource, "", known, source="explore")
            uow.mark(resource, "", NOW, NOW)
    return store


def _copy(
    connection: sqlite3.Connection, rows: duckdb.DuckDBPyConnection, table: str, query: str, count: int
) -> None:
    columns = list(COLUMNS[table])
    chosen = ", ".join(map(quote, columns))
    cast = ", ".join(f"{quote(c)}::{KINDS[_kind(table, c)].stored}" for c in columns)
    rows.execute(f"SELECT {cast} FROM ({query})", {"rows": count})
    marks = ", ".join("?" * len(columns))
    while batch := rows.fetchmany(20_000):
        connection.executemany(f"INSERT OR IGNORE INTO {table} ({chosen}) VALUES ({marks})", batch)
    connection.commit()


def native(store: Store, path: Path) -> None:
    """All of the store in one native DuckDB file, sorted as the lake is, its values as a statement sees them."""
    from sentry_sync.store.lake_resources import RESOURCES
    from sentry_sync.store.reading import reading
    from sentry_sync.trends import snapshot
    from sentry_sync.trends.relations import RELATIONS

    with closing(duckdb.connect()) as session, reading(store.paths) as connection:
        session.execute("CREATE SCHEMA stored")
        session.execute(f"ATTACH '{path}' AS file")
        snapshot.of(store.paths, connection, {name: list(r.columns) for name, r in RELATIONS.items()}).make(
            session
        )
        for name, relation in RELATIONS.items():
            resource = RESOURCES.get(relation.source)
            order = f" ORDER BY {', '.join(map(quote, resource.order))}" if resource else ""
            session.execute(f"CREATE TABLE file.{quote(name)} AS SELECT * FROM {quote(name)}{order}")


def _kind(table: str, column: str) -> str:
    return COLUMNS[table][column]
