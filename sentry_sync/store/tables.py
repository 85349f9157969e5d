"""The tables of ``store.db``: a public interface for SQL, changed only by migration.

Times are INTEGER microseconds since 1970 (UTC); event ids BLOBs of 16 bytes; ids of Sentry's are text. There are
no foreign keys: rows arrive in the order the budget allows, an event may be here before its issue.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text

from sentry_sync.store import erased_tables, lake_tables
from sentry_sync.store.types import EventId, Moment, Tags

metadata = MetaData()


def _key(name: str, kind: type = Text) -> Column[object]:
    return Column(name, kind, primary_key=True, nullable=False)


origin = Table(
    "origin",
    metadata,
    _key("base_url"),
    _key("organization"),
)

organizations = Table(
    "organizations",
    metadata,
    _key("id"),
    Column("slug", Text, nullable=False),
    Column("name", Text),
    Column("region_url", Text),
    Column("date_created", Moment),
    Column("verified_at", Moment, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    _key("id"),
    Column("slug", Text, nullable=False),
    Column("name", Text),
    Column("platform", Text),
    Column("status", Text),
    Column("date_created", Moment),
    Column("first_event", Moment),
    Column("has_sessions", Boolean),
    Column("has_transactions", Boolean),
    Column("known_since", Moment),
    Column("verified_at", Moment),
    Column("removed_at", Moment),
    Index("ix_projects_slug", "slug"),
)

project_stats = Table(
    "project_stats",
    metadata,
    _key("project_id"),
    Column("events_24h", Integer),
    Column("errors_24h", Integer),
    Column("sessions_24h", Integer),
    Column("as_of", Moment, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    _key("project_id"),
    _key("name"),
    Column("verified_at", Moment, nullable=False),
)

issues = Table(
    "issues",
    metadata,
    _key("id"),
    Column("project_id", Text, nullable=False),
    Column("short_id", Text),
    Column("title", Text, nullable=False),
    Column("culprit", Text),
    Column("type", Text),
    Column("issue_type", Text),
    Column("category", Text),
    Column("level", Text),
    Column("platform", Text),
    Column("logger", Text),
    Column("status", Text, nullable=False),
    Column("substatus", Text),
    Column("priority", Text),
    Column("unhandled", Boolean),
    Column("first_seen", Moment),
    Column("last_seen", Moment),
    Column("count", Integer),
    Column("user_count", Integer),
    Column("assigned_type", Text),
    Column("assigned_id", Text),
    Column("assigned_to", Text),
    Column("permalink", Text),
    Column("exception_type", Text),
    Column("exception_value", Text),
    Column("filename", Text),
    Column("function", Text),
    Column("num_comments", Integer),
    Column("first_release", Text),
    Column("known_since", Moment, nullable=False),
    Column("verified_at", Moment, nullable=False),
    Column("removed_at", Moment),
    Column("removed_as", Text),
    Column("merged_into", Text),
    Column("auto_resolved", Boolean),
    Index("ix_issues_short_id", "short_id"),
    Index("ix_issues_project_status_last_seen", "project_id", "status", "last_seen"),
    Index("ix_issues_project_count", "project_id", "count"),
    Index("ix_issues_last_seen", "last_seen"),
    Index("ix_issues_exception_type", "exception_type", "last_seen"),
)
Index("ix_issues_merged_into", issues.c.merged_into, sqlite_where=issues.c.merged_into.is_not(None))
Index("ix_issues_first_release", issues.c.first_release, sqlite_where=issues.c.first_release.is_not(None))
Index("ix_issues_no_errors", issues.c.project_id, issues.c.last_seen, sqlite_where=issues.c.category != "error")

issue_raw = Table(
    "issue_raw",
    metadata,
    _key("issue_id"),
    Column("raw", LargeBinary, nullable=False),
    Column("verified_at", Moment, nullable=False),
)

issue_environments = Table(
    "issue_environments",
    metadata,
    _key("issue_id"),
    _key("environment"),
    Column("project_id", Text, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Index("ix_issue_environments_project", "project_id", "environment", "last_seen"),
)

issue_history = Table(
    "issue_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", Text, nullable=False),
    Column("after", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("seen_by", Text, nullable=False),
    # With the field a question about the past finds what changed since without the rows themselves.
    Index("ix_issue_history_issue", "issue_id", "at", "field"),
)

error_counts = Table(
    "error_counts",
    metadata,
    _key("project_id"),
    _key("issue_id"),
    _key("environment"),
    _key("release"),
    _key("hour", Moment),
    Column("count", Integer, nullable=False),
    Column("users", Integer),
    Index("ix_error_counts_hour", "hour"),
    # With the count an issue's trend needs nothing but this: half the time.
    Index("ix_error_counts_issue", "issue_id", "hour", "count"),
)

events = Table(
    "events",
    metadata,
    _key("project_id"),
    _key("event_id", EventId),
    Column("issue_id", Text, nullable=False),
    Column("timestamp", Moment, nullable=False),
    Column("environment", Text),
    Column("release", Text),
    Column("level", Text),
    Column("title", Text),
    Column("transaction", Text),
    Column("platform", Text),
    Column("user_key", Text),
    Column("tags", Tags),
    Index("ix_events_issue", "issue_id", "timestamp"),
    Index("ix_events_timestamp", "timestamp"),
    # The last three so that a search reads nothing but this: 4 to 15 times as fast for 23 bytes an event.
    Index("ix_events_project", "project_id", "timestamp", "issue_id", "environment", "release"),
)
Index("ix_events_tagged", events.c.project_id, events.c.timestamp, sqlite_where=events.c.tags.is_not(None))

event_bodies = Table(
    "event_bodies",
    metadata,
    _key("project_id"),
    _key("event_id", EventId),
    Column("issue_id", Text, nullable=False),
    Column("timestamp", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Index("ix_event_bodies_issue", "issue_id", "timestamp"),
)

releases = Table(
    "releases",
    metadata,
    _key("version"),
    Column("short_version", Text),
    Column("status", Text),
    Column("ref", Text),
    Column("url", Text),
    Column("date_created", Moment),
    Column("date_released", Moment),
    Column("first_event", Moment),
    Column("last_event", Moment),
    Column("new_issues", Integer),
    Column("commit_count", Integer),
    Column("deploy_count", Integer),
    Column("verified_at", Moment, nullable=False),
    Column("removed_at", Moment),
    Index("ix_releases_date_created", "date_created"),
)

release_projects = Table(
    "release_projects",
    metadata,
    _key("version"),
    _key("project_id"),
    Column("new_issues", Integer),
    Column("has_health", Boolean),
    Column("verified_at", Moment, nullable=False),
    Index("ix_release_projects_project", "project_id"),
)

deploys = Table(
    "deploys",
    metadata,
    _key("id"),
    Column("version", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("name", Text),
    Column("url", Text),
    Column("date_started", Moment),
    Column("date_finished", Moment),
    Index("ix_deploys_version", "version"),
)

release_health = Table(
    "release_health",
    metadata,
    _key("release"),
    _key("project_id"),
    _key("environment"),
    _key("bucket", Moment),
    Column("sessions", Integer, nullable=False),
    Column("users", Integer),
    Column("crash_free_sessions", Float),
    Column("crash_free_users", Float),
    Column("adoption", Float),
    Index("ix_release_health_bucket", "bucket"),
)


def _figures() -> list[Column[object]]:
    return [
        Column("count", Integer, nullable=False),
        Column("tpm", Float),
        Column("avg", Float),
        Column("p50", Float),
        Column("p75", Float),
        Column("p95", Float),
        Column("p99", Float),
        Column("failure_rate", Float),
        Column("apdex", Float),
        Column("users", Integer),
        Column("approximate", Boolean, nullable=False),
    ]


transaction_stats = Table(
    "transaction_stats",
    metadata,
    _key("project_id"),
    _key("environment"),
    _key("transaction"),
    _key("hour", Moment),
    *_figures(),
    Index("ix_transaction_stats_hour", "hour"),
)

transaction_windows = Table(
    "transaction_windows",
    metadata,
    _key("project_id"),
    _key("environment"),
    _key("transaction"),
    _key("start", Moment),
    _key("end", Moment),
    *_figures(),
    Index("ix_transaction_windows_end", "end"),
)

query_stats = Table(
    "query_stats",
    metadata,
    _key("project_id"),
    _key("environment"),
    _key("query_id"),
    _key("hour", Moment),
    Column("description", Text),
    Column("system", Text),
    Column("action", Text),
    Column("domain", Text),
    Column("count", Integer, nullable=False),
    Column("tpm", Float),
    Column("avg", Float),
    Column("p95", Float),
    Column("total", Float),
    Column("approximate", Boolean, nullable=False),
    Index("ix_query_stats_hour", "hour"),
)

web_vitals = Table(
    "web_vitals",
    metadata,
    _key("project_id"),
    _key("environment"),
    _key("transaction"),
    _key("hour", Moment),
    Column("count", Integer, nullable=False),
    Column("lcp", Float),
    Column("fcp", Float),
    Column("cls", Float),
    Column("inp", Float),
    Column("ttfb", Float),
    Column("score", Float),
    Column("approximate", Boolean, nullable=False),
    Index("ix_web_vitals_hour", "hour"),
)

marks = Table(
    "marks",
    metadata,
    _key("stream"),
    _key("scope"),
    Column("mark", Moment, nullable=False),
    Column("as_of", Moment, nullable=False),
)

passes = Table(
    "passes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("start", Moment),
    Column("end", Moment),
    Column("state", Text, nullable=False),
    Column("cursor", Text),
    Column("pages", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("reject_reason", Text),
    Column("error", Text),
    Column("started_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_passes_stream", "stream", "scope", "id"),
)
Index("ix_passes_rejected", passes.c.stream, sqlite_where=passes.c.rejected > 0)

coverage = Table(
    "coverage",
    metadata,
    _key("resource"),
    _key("scope"),
    _key("start", Moment),
    Column("end", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("approximate", Boolean, nullable=False),
    Column("resolution", Integer),
)

retention = Table(
    "retention",
    metadata,
    _key("resource"),
    Column("since", Moment, nullable=False),
    Column("learned_at", Moment, nullable=False),
)

doubts = Table(
    "doubts",
    metadata,
    _key("resource"),
    _key("hour", Moment),
    Column("served", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("doubted_at", Moment, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    _key("name"),
    Column("holder", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    Column("rests_until", Moment),
    Column("rests_because", Text),
)

schedule = Table(
    "schedule",
    metadata,
    _key("stream"),
    Column("every_seconds", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("requests", Integer),
    Column("error", Text),
    Column("updated_at", Moment, nullable=False),
)

wishes = Table(
    "wishes",
    metadata,
    _key("stream"),
    Column("wished_at", Moment, nullable=False),
    Column("wished_by", Text, nullable=False),
)

window_sizes = Table(
    "window_sizes",
    metadata,
    _key("stream"),
    Column("seconds", Integer, nullable=False),
    Column("learned_at", Moment, nullable=False),
)

capabilities = Table(
    "capabilities",
    metadata,
    _key("name"),
    Column("available", Boolean, nullable=False),
    Column("learned_at", Moment, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    _key("rule"),
    _key("subject"),
    _key("target"),
    Column("firing", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Column("value", Float),
    Column("told", Boolean, nullable=False),
    Column("told_at", Moment),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _key("request_id"),
    Column("resource", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("handled_at", Moment),
    Column("digest", Text),
    Column("issue_id", Text),
    Column("event_wanted", Boolean),
    Column("look_after", Moment),
    Index("ix_webhook_deliveries_digest", "digest", "received_at"),
    Index("ix_webhook_deliveries_pending", "received_at", sqlite_where=text("handled_at IS NULL")),
    Index("ix_webhook_deliveries_events", "received_at", sqlite_where=text("event_wanted = 1")),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text),
    Column("source", Text),
    Column("rows", Integer),
    Column("field", Text),
    Column("old", Text),
    Column("new", Text),
    Column("outcome", Text),
    Index("ix_audit_log_at", "at"),
)

lake_tables.declare(metadata)
erased_tables.declare(metadata)
