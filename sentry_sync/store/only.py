"""Keeping to some projects: views that hide the others from whoever reads, and rows that are not taken in.

A connection's own temporary views stand before the tables of the same name, in every statement there is: what is
not allowed can't be read by one that forgot to ask.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sentry_sync.records.issue import Issue, IssueProject, IssueRaw
from sentry_sync.records.organization import Environment, Project
from sentry_sync.store.columns import COLUMNS

_OF_ISSUE = ("issue_raw", "issue_history")
_OF_RELEASE = {"releases": "version", "deploys": "version"}


def hide_others(connection: sqlite3.Connection, slugs: Collection[str]) -> None:
    """Let the connection see rows of the projects of these ``slugs`` alone; of all, without any."""
    if not slugs:
        return
    # A view takes no parameters. A slug is letters, digits, - and _, which whoever made the settings has checked.
    listed = ", ".join("'" + slug.replace("'", "''") + "'" for slug in slugs)
    ids = f"SELECT id FROM main.projects WHERE slug IN ({listed})"  # noqa: S608
    conditions = {"projects": f"slug IN ({listed})"}
    for table, columns in COLUMNS.items():
        if "project_id" in columns:
            conditions[table] = f"project_id IN ({ids})"
    issues = f"SELECT id FROM main.issues WHERE project_id IN ({ids})"  # noqa: S608
    conditions |= dict.fromkeys(_OF_ISSUE, f"issue_id IN ({issues})")
    versions = f"SELECT version FROM main.release_projects WHERE project_id IN ({ids})"  # noqa: S608
    conditions |= {table: f"{key} IN ({versions})" for table, key in _OF_RELEASE.items()}
    connection.execute("PRAGMA temp_store = MEMORY")  # a process that runs a statement may write no file
    for table, condition in conditions.items():
        rows = f"SELECT rowid AS rowid, * FROM main.{table} WHERE {condition}"  # noqa: S608
        connection.execute(f"CREATE TEMP VIEW {table} AS {rows}")


def allowed(records: Iterable[Any], slugs: Collection[str], known: Collection[str]) -> Sequence[Any]:
    """The records of the projects of these ``slugs``, whose ids are ``known`` or come with them.

    A row of no project (an environment of the whole organization) belongs to none.
    """
    given = list(records)
    named = [record for record in given if isinstance(record, Project | IssueProject)]
    ids = {*known, *(project.id for project in named if project.slug in slugs)}
    ids -= {project.id for project in named if project.slug not in slugs}
    gone = {record.id for record in given if isinstance(record, Issue) and record.project_id not in ids}
    return [record for record in given if _is_allowed(record, slugs, ids, gone)]


def _is_allowed(record: Any, slugs: Collection[str], ids: Collection[str], gone: Collection[str]) -> bool:
    if isinstance(record, Project | IssueProject):
        return record.slug in slugs
    if isinstance(record, IssueRaw):
        return record.issue_id not in gone
    if isinstance(record, Environment):
        return record.project_id in ids
    return getattr(record, "project_id", None) is None or record.project_id in ids
