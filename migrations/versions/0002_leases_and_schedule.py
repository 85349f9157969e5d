"""Who syncs, what is due when, how large windows may be, what is served or in doubt; indexes and columns."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


LAKE = {
    "issues": ("known_since", "id"),
    "events": ("timestamp", "issue_id"),
    "error_counts": ("hour", "issue_id"),
    "transaction_stats": ("hour", None),
    "query_stats": ("hour", None),
    "web_vitals": ("hour", None),
    "release_health": ("bucket", None),
}
"""Tables whose older rows are published as Parquet, their time, and what else tells which row was changed."""

COLUMNS = {
    "issues": (
        "id project_id short_id title culprit type issue_type category level platform logger status substatus "
        "priority unhandled first_seen last_seen count user_count assigned_type assigned_id assigned_to permalink "
        "exception_type exception_value filename function num_comments first_release known_since verified_at "
        "removed_at removed_as merged_into auto_resolved"
    ),
    "events": (
        "project_id event_id issue_id timestamp environment release level title transaction platform user_key tags"
    ),
    "error_counts": "project_id issue_id environment release hour count users",
    "transaction_stats": (
        "project_id environment transaction hour count tpm avg p50 p75 p95 p99 failure_rate apdex users "
        "approximate"
    ),
    "query_stats": (
        "project_id environment query_id hour description system action domain count tpm avg p95 total approximate"
    ),
    "web_vitals": "project_id environment transaction hour count lcp fcp cls inp ttfb score approximate",
    "release_health": (
        "release project_id environment bucket sessions users crash_free_sessions crash_free_users adoption"
    ),
}
"""Those of them that a change may be in."""


WIDER = (
    ("ix_error_counts_issue", "error_counts", ("issue_id", "hour"), "count"),
    ("ix_issue_history_issue", "issue_history", ("issue_id", "at"), "field"),
)
"""Indexes that get one more column, so that answers need not read the rows."""


def _watched(table: str, at: str) -> str:
    # Spans do not overlap, so that one look into the index tells whether a time lies in one.
    return (
        f"{at} < (SELECT \"end\" FROM lake_spans WHERE resource = '{table}' AND start <= {at} "
        "ORDER BY start DESC LIMIT 1)"
    )


def _note(table: str, row: str, time: str, subject: str | None, gone: str) -> str:
    at, about = f'{row}."{time}"', f'{row}."{subject}"' if subject else "''"
    return (
        f"INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT '{table}', {at}, {about}, "
        f"counter, {gone} FROM lake_counter WHERE {_watched(table, at)} "
        "ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone);"
    )


def _watch(table: str, time: str, subject: str | None) -> None:
    """Have the table write down, with each change, what of the published time it changes."""
    # People delete issues for privacy: a part that holds a deleted event, or the user of one that has none now, is
    # to be written anew.
    of_events = table == "events"
    of_people = table in ("events", "issues")
    new = _note(table, "NEW", time, subject, "0")
    old = _note(
        table, "OLD", time, subject, "OLD.user_key IS NOT NULL AND NEW.user_key IS NULL" if of_events else "0"
    )
    gone = _note(table, "OLD", time, subject, "1" if of_people else "0")
    differs = " OR ".join(f'OLD."{name}" IS NOT NEW."{name}"' for name in COLUMNS[table].split())
    op.execute(
        f"CREATE TRIGGER lake_{table}_insert AFTER INSERT ON {table} "
        f"WHEN {_watched(table, f'NEW.{time}')} BEGIN {new} END"
    )
    op.execute(f"CREATE TRIGGER lake_{table}_update AFTER UPDATE ON {table} WHEN {differs} BEGIN {old} {new} END")
    op.execute(
        f"CREATE TRIGGER lake_{table}_delete AFTER DELETE ON {table} "
        f"WHEN {_watched(table, f'OLD.{time}')} BEGIN {gone} END"
    )


def upgrade() -> None:
    """Add the tables and columns; rows that are there keep NULL in the new ones."""
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=True),
        sa.Column("rests_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "schedule",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "wishes",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("wished_at", sa.BigInteger(), nullable=False),
        sa.Column("wished_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "window_sizes",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
    )
    op.create_table(
        "retention",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resource"),
    )
    op.create_table(
        "doubts",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("doubted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "hour"),
    )
    # Plain ALTER TABLE, not a batch: nothing is copied, so a filled store is upgraded in a moment.
    op.add_column("coverage", sa.Column("resolution", sa.Integer(), nullable=True))
    op.add_column("releases", sa.Column("removed_at", sa.BigInteger(), nullable=True))
    op.add_column("issues", sa.Column("auto_resolved", sa.Boolean(), nullable=True))
    # Events of a project by time, its tagged ones, and issues with the same exception: what answers look for.
    op.create_index(
        "ix_events_project", "events", ["project_id", "timestamp", "issue_id", "environment", "release"]
    )
    op.create_index(
        "ix_events_tagged", "events", ["project_id", "timestamp"], sqlite_where=sa.text("tags IS NOT NULL")
    )
    op.create_index("ix_issues_exception_type", "issues", ["exception_type", "last_seen"])
    op.create_index(
        "ix_issues_first_release", "issues", ["first_release"], sqlite_where=sa.text("first_release IS NOT NULL")
    )
    op.create_index("ix_issues_known_since", "issues", ["known_since"])
    for name, table, columns, further in WIDER:
        op.drop_index(name, table)
        op.create_index(name, table, [*columns, further])
    for name in ("field", "old", "new", "outcome"):
        op.add_column("audit_log", sa.Column(name, sa.Text(), nullable=True))
    for name, kind in (
        ("digest", sa.Text()),
        ("issue_id", sa.Text()),
        ("event_wanted", sa.Boolean()),
        ("look_after", sa.BigInteger()),
    ):
        op.add_column("webhook_deliveries", sa.Column(name, kind, nullable=True))
    op.create_index("ix_webhook_deliveries_digest", "webhook_deliveries", ["digest", "received_at"])
    op.create_index(
        "ix_webhook_deliveries_pending",
        "webhook_deliveries",
        ["received_at"],
        sqlite_where=sa.text("handled_at IS NULL"),
    )
    op.create_index(
        "ix_webhook_deliveries_events",
        "webhook_deliveries",
        ["received_at"],
        sqlite_where=sa.text("event_wanted = 1"),
    )
    op.create_table(
        "alerts",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("firing", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("rule", "subject", "target"),
    )
    op.create_table(
        "erasures",
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("memory"),
    )
    op.create_table(
        "lake_parts",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=True),
        sa.Column("last", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=True),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "start"),
    )
    op.create_table(
        "lake_spans",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "start"),
    )
    op.create_table(
        "lake_changes",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "at", "subject"),
    )
    op.create_table("lake_counter", sa.Column("counter", sa.Integer(), primary_key=True, nullable=False))
    op.execute("INSERT INTO lake_counter (counter) VALUES (1)")
    for table, (time, subject) in LAKE.items():
        _watch(table, time, subject)


def downgrade() -> None:
    """Take them away again."""
    for table in LAKE:
        for change in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER lake_{table}_{change}")
    for table in ("lake_counter", "lake_changes", "lake_spans", "lake_parts", "alerts"):
        op.drop_table(table)
    for name, table, columns, _ in WIDER:
        op.drop_index(name, table)
        op.create_index(name, table, list(columns))
    op.drop_index("ix_issues_known_since", "issues")
    op.drop_index("ix_issues_first_release", "issues")
    op.drop_index("ix_issues_exception_type", "issues")
    op.drop_index("ix_events_tagged", "events")
    op.drop_index("ix_events_project", "events")
    op.drop_index("ix_webhook_deliveries_events", "webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_pending", "webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_digest", "webhook_deliveries")
    for name in ("look_after", "event_wanted", "issue_id", "digest"):
        op.drop_column("webhook_deliveries", name)
    for name in ("outcome", "new", "old", "field"):
        op.drop_column("audit_log", name)
    op.execute("DELETE FROM releases WHERE removed_at IS NOT NULL")
    op.drop_column("issues", "auto_resolved")
    op.drop_column("releases", "removed_at")
    op.drop_column("coverage", "resolution")
    op.drop_table("erasures")
    op.drop_table("doubts")
    op.drop_table("retention")
    op.drop_table("window_sizes")
    op.drop_table("wishes")
    op.drop_table("schedule")
    op.drop_table("leases")
