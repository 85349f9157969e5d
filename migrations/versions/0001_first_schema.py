"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
    op.create_table(
        "capabilities",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "coverage",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "scope", "start"),
    )
    op.create_table(
        "deploys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("date_started", sa.BigInteger(), nullable=True),
        sa.Column("date_finished", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_deploys_version", "deploys", ["version"], unique=False)
    op.create_table(
        "environments",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name"),
    )
    op.create_table(
        "error_counts",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("users", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "issue_id", "environment", "release", "hour"),
    )
    op.create_index("ix_error_counts_hour", "error_counts", ["hour"], unique=False)
    op.create_index("ix_error_counts_issue", "error_counts", ["issue_id", "hour"], unique=False)
    op.create_table(
        "event_bodies",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(), nullable=False),
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id"),
    )
    op.create_index("ix_event_bodies_issue", "event_bodies", ["issue_id", "timestamp"], unique=False)
    op.create_table(
        "events",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(), nullable=False),
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("release", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("transaction", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("user_key", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "event_id"),
    )
    op.create_index("ix_events_issue", "events", ["issue_id", "timestamp"], unique=False)
    op.create_index("ix_events_timestamp", "events", ["timestamp"], unique=False)
    op.create_table(
        "issue_environments",
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "environment"),
    )
    op.create_index(
        "ix_issue_environments_project",
        "issue_environments",
        ["project_id", "environment", "last_seen"],
        unique=False,
    )
    op.create_table(
        "issue_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("seen_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_issue_history_issue", "issue_history", ["issue_id", "at"], unique=False)
    op.create_table(
        "issue_raw",
        sa.Column("issue_id", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id"),
    )
    op.create_table(
        "issues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("short_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("culprit", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("issue_type", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("logger", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("substatus", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("unhandled", sa.Boolean(), nullable=True),
        sa.Column("first_seen", sa.BigInteger(), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("user_count", sa.Integer(), nullable=True),
        sa.Column("assigned_type", sa.Text(), nullable=True),
        sa.Column("assigned_id", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("permalink", sa.Text(), nullable=True),
        sa.Column("exception_type", sa.Text(), nullable=True),
        sa.Column("exception_value", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("function", sa.Text(), nullable=True),
        sa.Column("num_comments", sa.Integer(), nullable=True),
        sa.Column("first_release", sa.Text(), nullable=True),
        sa.Column("known_since", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_as", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_issues_last_seen", "issues", ["last_seen"], unique=False)
    op.create_index("ix_issues_project_count", "issues", ["project_id", "count"], unique=False)
    for name, columns, rare in (
        ("ix_issues_merged_into", ["merged_into"], "merged_into IS NOT NULL"),
        ("ix_issues_no_errors", ["project_id", "last_seen"], "category != 'error'"),
    ):
        op.create_index(name, "issues", columns, sqlite_where=sa.text(rare))
    op.create_index(
        "ix_issues_project_status_last_seen", "issues", ["project_id", "status", "last_seen"], unique=False
    )
    op.create_index("ix_issues_short_id", "issues", ["short_id"], unique=False)
    op.create_table(
        "marks",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "scope"),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("region_url", sa.Text(), nullable=True),
        sa.Column("date_created", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "origin",
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("base_url", "organization"),
    )
    op.create_table(
        "passes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=True),
        sa.Column("end", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("reject_reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_passes_stream", "passes", ["stream", "scope", "id"], unique=False)
    op.create_index("ix_passes_rejected", "passes", ["stream"], sqlite_where=sa.text("rejected > 0"))
    op.create_table(
        "project_stats",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("events_24h", sa.Integer(), nullable=True),
        sa.Column("errors_24h", sa.Integer(), nullable=True),
        sa.Column("sessions_24h", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("date_created", sa.BigInteger(), nullable=True),
        sa.Column("first_event", sa.BigInteger(), nullable=True),
        sa.Column("has_sessions", sa.Boolean(), nullable=True),
        sa.Column("has_transactions", sa.Boolean(), nullable=True),
        sa.Column("known_since", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_projects_slug", "projects", ["slug"], unique=False)
    op.create_table(
        "query_stats",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("query_id", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("domain", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("tpm", sa.Float(), nullable=True),
        sa.Column("avg", sa.Float(), nullable=True),
        sa.Column("p95", sa.Float(), nullable=True),
        sa.Column("total", sa.Float(), nullable=True),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "environment", "query_id", "hour"),
    )
    op.create_index("ix_query_stats_hour", "query_stats", ["hour"], unique=False)
    op.create_table(
        "release_health",
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("users", sa.Integer(), nullable=True),
        sa.Column("crash_free_sessions", sa.Float(), nullable=True),
        sa.Column("crash_free_users", sa.Float(), nullable=True),
        sa.Column("adoption", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("release", "project_id", "environment", "bucket"),
    )
    op.create_index("ix_release_health_bucket", "release_health", ["bucket"], unique=False)
    op.create_table(
        "release_projects",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("new_issues", sa.Integer(), nullable=True),
        sa.Column("has_health", sa.Boolean(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", "project_id"),
    )
    op.create_index("ix_release_projects_project", "release_projects", ["project_id"], unique=False)
    op.create_table(
        "releases",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("short_version", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("date_created", sa.BigInteger(), nullable=True),
        sa.Column("date_released", sa.BigInteger(), nullable=True),
        sa.Column("first_event", sa.BigInteger(), nullable=True),
        sa.Column("last_event", sa.BigInteger(), nullable=True),
        sa.Column("new_issues", sa.Integer(), nullable=True),
        sa.Column("commit_count", sa.Integer(), nullable=True),
        sa.Column("deploy_count", sa.Integer(), nullable=True),
        sa.Column("verified_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index("ix_releases_date_created", "releases", ["date_created"], unique=False)
    op.create_table(
        "transaction_stats",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("tpm", sa.Float(), nullable=True),
        sa.Column("avg", sa.Float(), nullable=True),
        sa.Column("p50", sa.Float(), nullable=True),
        sa.Column("p75", sa.Float(), nullable=True),
        sa.Column("p95", sa.Float(), nullable=True),
        sa.Column("p99", sa.Float(), nullable=True),
        sa.Column("failure_rate", sa.Float(), nullable=True),
        sa.Column("apdex", sa.Float(), nullable=True),
        sa.Column("users", sa.Integer(), nullable=True),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "environment", "transaction", "hour"),
    )
    op.create_index("ix_transaction_stats_hour", "transaction_stats", ["hour"], unique=False)
    op.create_table(
        "transaction_windows",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("tpm", sa.Float(), nullable=True),
        sa.Column("avg", sa.Float(), nullable=True),
        sa.Column("p50", sa.Float(), nullable=True),
        sa.Column("p75", sa.Float(), nullable=True),
        sa.Column("p95", sa.Float(), nullable=True),
        sa.Column("p99", sa.Float(), nullable=True),
        sa.Column("failure_rate", sa.Float(), nullable=True),
        sa.Column("apdex", sa.Float(), nullable=True),
        sa.Column("users", sa.Integer(), nullable=True),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "environment", "transaction", "start", "end"),
    )
    op.create_index("ix_transaction_windows_end", "transaction_windows", ["end"], unique=False)
    op.create_table(
        "web_vitals",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("lcp", sa.Float(), nullable=True),
        sa.Column("fcp", sa.Float(), nullable=True),
        sa.Column("cls", sa.Float(), nullable=True),
        sa.Column("inp", sa.Float(), nullable=True),
        sa.Column("ttfb", sa.Float(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "environment", "transaction", "hour"),
    )
    op.create_index("ix_web_vitals_hour", "web_vitals", ["hour"], unique=False)
    op.create_table(
        "webhook_deliveries",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("webhook_deliveries")
    op.drop_table("web_vitals")
    op.drop_table("transaction_windows")
    op.drop_table("transaction_stats")
    op.drop_table("releases")
    op.drop_table("release_projects")
    op.drop_table("release_health")
    op.drop_table("query_stats")
    op.drop_table("projects")
    op.drop_table("project_stats")
    op.drop_table("passes")
    op.drop_table("origin")
    op.drop_table("organizations")
    op.drop_table("marks")
    op.drop_table("issues")
    op.drop_table("issue_raw")
    op.drop_table("issue_history")
    op.drop_table("issue_environments")
    op.drop_table("events")
    op.drop_table("event_bodies")
    op.drop_table("error_counts")
    op.drop_table("environments")
    op.drop_table("deploys")
    op.drop_table("coverage")
    op.drop_table("capabilities")
    op.drop_table("audit_log")
