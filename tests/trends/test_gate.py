"""What the gate lets in and what it refuses, over trees as DuckDB parses them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from sentry_sync.errors import QueryError
from sentry_sync.trends.gate import Reads, judge, nearest, one_select, plain_text, shown
from sentry_sync.trends.relations import RELATIONS
from sentry_sync.trends.session import Question, admit
from tests.trends.opened import open_session


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_session() as opened:
        yield opened


def reads(session: duckdb.DuckDBPyConnection, statement: str, **parameters: object) -> Reads:
    return admit(lambda: session, Question(statement, parameters))


GOOD = """\
select status, count(*) from issues group by 1
select * from issues
from issues
table issues
values (1, 'a')
select * from (values (1, 'a')) as t(x, y)
select distinct on (status) status, title from issues order by status desc nulls last, title limit 10 offset 2
select title from issues limit 10%
select title from issues tablesample 10%
select title from issues union all by name select title from events
select id from issues except select issue_id from events intersect select '1'
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select sum(n) from r
with a as materialized (select id from issues) select * from a join events e on e.issue_id = a.id
select * from issues i left join events e on e.issue_id = i.id semi join projects p on p.id = i.project_id
select * from issues i, lateral (select i.count + 1)
select level, sum(count) filter (where unhandled) from issues group by cube (level, status) having sum(count) > 1
select row_number() over (partition by status order by count desc) as n from issues qualify n <= 3
select extract(year from timestamp), timestamp at time zone 'UTC', timestamp::date + interval 1 day from events
select date_trunc('hour', timestamp), time_bucket(interval 6 hours, timestamp), now() - timestamp from events
select case status when 'resolved' then 1 else 0 end, coalesce(level, 'x'), nullif(level, 'y') from issues
select title like 'x%' escape '!', title ilike 'b', title similar to 'c', regexp_matches(title, 'd') from issues
select count between 1 and 2, -count, count // 2, count % 3, not unhandled, id || title from issues
select quantile_cont(count, 0.5), percentile_cont(0.5) within group (order by count), string_agg(id, ',') from issues
select lag(count) over (order by count rows between 1 preceding and current row) from issues
select * exclude (title) replace (count + 1 as count), columns('.*_id') from issues
select tags->>'browser', tags->'$.a', tags.browser, json_extract_string(tags, '$.x') from events
select k.key, count(*) from events, json_each(tags) as k group by 1
select t.i from range(10) t(i), generate_series(1, 2), unnest([1]) as u(v)
pivot issues on status in ('resolved', 'unresolved') using count(*) group by project_id
unpivot issues on count, user_count into name n value v
select [x + 1 for x in [1, 2, 3] if x > 1], list_transform([1], lambda x: x + 1), {'a': 1}.a, map {'b': 2}
select id from issues where id in (select issue_id from events) and exists (select 1) and count > all ([1, 2])
select try(title::int), try_cast(title as int), cast(count as decimal(10, 2)), title collate nocase from issues
select id as "from", "count" from issues group by all order by all
(select 1) order by 1
select 1 -- a comment; with a semicolon
/* before */ select ';' ;"""

HOSTILE = """\
copy issues to '/tmp/x'
copy (select 1) to '/tmp/x'
attach '/tmp/x.db'
attach '/tmp/x.db' as y (read_only)
detach memory
install httpfs
load httpfs
set memory_limit = '1TB'
reset memory_limit
pragma database_list
pragma enable_external_access
call pragma_version()
create table x (a int)
create macro f(x) as x + 1
create secret s (type s3)
insert into issues values (1)
update issues set title = 'x'
delete from issues
drop table issues
truncate issues
alter table issues add column x int
export database '/tmp/x'
import database '/tmp/x'
checkpoint
vacuum
begin
use information_schema
prepare p as select 1
execute p
explain select 1
explain analyze copy issues to '/tmp/x'
describe issues
summarize issues
show tables
select * from (describe issues)
select * from (show all tables)
pivot issues on status using count(*)
select 1; select 2
select 1; drop table issues
with w as (copy issues to '/tmp/x') select 1
with w as (insert into issues values (1)) select 1
with w as (update issues set title = 'x') select 1
with w as (delete from issues) select 1
select * from '/etc/passwd'
select * from "/etc/passwd"
select * from 'https://example.com/x.parquet'
select * from "x.csv"
with "/etc/passwd" as (select 1) select * from "/etc/passwd"
with pg_class as (select 1) select 1 union all select count(*) from (select * from pg_class)
select * from read_csv('/etc/passwd')
SELECT * FROM READ_CSV('/etc/passwd')
select * from read_text('/etc/passwd')
select * from read_blob('/etc/passwd')
select * from read_json_auto('/etc/passwd')
select * from read_parquet('x')
select * from parquet_metadata('x')
select * from sniff_csv('x')
select * from glob('/*')
select * from query('select 1')
select * from query_table('issues')
select * from sqlite_scan('store.db', 'issues')
select * from json_execute_serialized_sql('{}')
select json_execute_serialized_sql('{}')
select json_serialize_sql('select 1')
select * from duckdb_settings()
select * from duckdb_secrets()
select * from pragma_table_info('issues')
select * from pragma_database_size()
select * from checkpoint()
select * from seq_scan()
select * from repeat('x', 1000000000)
select repeat('x', 2000000000)
select lpad('x', 2000000000, 'y')
select rpad('x', 2000000000, 'y')
select printf('%2000000000d', 1)
select format('{:2000000000}', 1)
select list_resize([1], 2000000000)
select range(2000000000)
select generate_series(1, 2000000000)
select unnest(range(2000000000))
select * from unnest(range(2000000000))
select reservoir_quantile(count, 0.5, 2000000000) from issues
select levenshtein(title, title) from issues
select bar(1, 0, 1, 2000000000)
select getenv('HOME')
select system.main.getenv('HOME')
select current_setting('memory_limit')
select getvariable('x')
select current_database(), current_user, version()
select current_query()
select nextval('s')
select sleep_ms(100000)
select pg_sleep(100)
select write_log('x')
select error(title) from issues
select setseed(0.5)
select txid_current()
select * from information_schema.tables
select * from pg_catalog.pg_class
select * from duckdb_tables
select * from sqlite_master
select * from memory.main.issues
select * from main.issues
select * from stored.issues
select * from alembic_version
select * from event_bodies where body is not null and body = $1
select $x
select ?
select default"""


@pytest.mark.parametrize("statement", GOOD.splitlines())
def test_a_question_is_let_in(session: duckdb.DuckDBPyConnection, statement: str) -> None:
    assert reads(session, statement).relations <= RELATIONS.keys()


@pytest.mark.parametrize("statement", HOSTILE.splitlines())
def test_whatever_is_not_a_question_is_refused_in_one_line(
    session: duckdb.DuckDBPyConnection, statement: str
) -> None:
    with pytest.raises(QueryError) as refused:
        reads(session, statement)

    assert "\n" not in str(refused.value)
    assert 10 < len(str(refused.value)) <= 600


def test_a_statement_says_which_tables_and_columns_it_reads(session: duckdb.DuckDBPyConnection) -> None:
    found = reads(session, "select I.Status, count(*) from Issues I join events using (project_id) group by 1")

    assert found.relations == {"issues", "events"}
    assert found.columns(RELATIONS["issues"].columns) == ["project_id", "status"]
    assert found.columns(RELATIONS["events"].columns) == ["project_id"]


def test_counting_rows_needs_one_column(session: duckdb.DuckDBPyConnection) -> None:
    assert reads(session, "select count(*) from issues").columns(RELATIONS["issues"].columns) == ["id"]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from issues",
        "select i.* from issues i",
        "select columns('s.*') from issues",
        "select issues from issues",
        "select to_json(i) from issues i",
        "select 1 from issues natural join events",
        "select a from issues as i(a, b)",
        "select #2 from issues",
        "pivot issues on status in ('resolved') using count(*)",
        "with w as (select * from issues) select * from w",
        "with w as (from issues) select * from w",
        "with w as (select i from issues as i) select * from w",
        "with w as (select status from issues) select * from w join issues using (status)",
        "select * from (select status from issues) as s, (select i.* from issues as i)",
        "select (select i.* from (values (1)) as v(n)) from issues as i",
        "with issues as (select status from issues) select * from issues",
    ],
)
def test_columns_taken_without_a_name_are_all_loaded(session: duckdb.DuckDBPyConnection, statement: str) -> None:
    columns = RELATIONS["issues"].columns

    assert reads(session, statement).columns(columns) == list(columns)


@pytest.mark.parametrize(
    "statement",
    [
        "with w as (select status from issues) select * from w",
        "select * from (select status from issues)",
        "with v(a) as (values ('x')) select i.status from issues i join v on v.a = i.status",
        "with w as (select status from issues) select * from w, (values (1)) as v(n) left join w as x on true",
    ],
)
def test_all_columns_of_a_query_are_those_that_it_names(
    session: duckdb.DuckDBPyConnection, statement: str
) -> None:
    assert reads(session, statement).columns(RELATIONS["issues"].columns) == ["status"]


def test_a_with_query_may_take_the_name_of_a_table(session: duckdb.DuckDBPyConnection) -> None:
    assert reads(session, "with issues as (select 1 as a) select a from issues").relations == {"issues"}


def test_a_parameter_is_let_in_only_with_a_value(session: duckdb.DuckDBPyConnection) -> None:
    assert reads(session, "select $a", a=1).relations == set()
    with pytest.raises(QueryError, match=r"\$b has no value"):
        reads(session, "select $b", a=1)


def test_a_mistyped_table_or_function_is_answered_with_the_nearest(session: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match="did you mean issues"):
        reads(session, "select * from isues")
    with pytest.raises(QueryError, match="did you mean count"):
        reads(session, "select cuont(*) from issues")
    with pytest.raises(QueryError, match=r"there are .*error_counts, .*events"):
        reads(session, "select * from zzzzzz")


def test_a_part_of_the_tree_that_nobody_looked_at_is_refused() -> None:
    node = {"type": "SELECT_NODE", "from_table": {"type": "A_NEW_SOURCE"}}
    with pytest.raises(QueryError, match="A_NEW_SOURCE"):
        judge({"statements": [{"node": node}]}, {})
    with pytest.raises(QueryError, match="A_NEW_EXPRESSION"):
        judge({"statements": [{"node": {"select_list": [{"class": "A_NEW_EXPRESSION"}]}}]}, {})


def test_a_table_function_made_of_something_else_is_refused() -> None:
    with pytest.raises(QueryError, match="can stand in FROM"):
        judge({"type": "TABLE_FUNCTION", "function": {"class": "CONSTANT"}}, {})


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([], "no statement"),
        (["SELECT", "SELECT"], "not 2"),
        (["DROP"], "not DROP"),
        (["CREATE_FUNC"], "not CREATE FUNC"),
        (["MULTI"], "PIVOT without an IN list"),
    ],
)
def test_anything_but_one_select_is_named(kinds: list[str], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        one_select(kinds)


def test_one_select_is_let_in() -> None:
    one_select(["SELECT"])


@pytest.mark.parametrize("text", ["x" * 100_001, "select '\ud800'", "select 1\0"])
def test_text_that_no_database_could_read_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        plain_text(text)


@pytest.mark.parametrize("statement", ["select " + "(" * 3000 + "1" + ")" * 3000, "select " + "1+" * 900 + "1"])
def test_a_statement_nested_too_deeply_is_refused(session: duckdb.DuckDBPyConnection, statement: str) -> None:
    with pytest.raises(QueryError, match="nested too deeply"):
        reads(session, statement)


def test_a_word_of_the_statement_is_shown_short_and_plain() -> None:
    assert shown("a\x1b[31m\u202e b\n") == "a [31m b"
    assert len(shown("x" * 1000)) == 60


def test_nothing_near_means_no_hint() -> None:
    assert nearest("zzzz", ["issues"]) == ""
