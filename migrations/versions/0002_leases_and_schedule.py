"""Who syncs, what is due when, how large windows may be, what is served or in doubt; indexes and columns."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns; rows that are there keep NULL in the new ones."""
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "schedule",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=True),
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
    for name in ("field", "old", "new", "outcome"):
        op.add_column("audit_log", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_issues_first_release", "issues")
    op.drop_index("ix_issues_exception_type", "issues")
    op.drop_index("ix_events_tagged", "events")
    op.drop_index("ix_events_project", "events")
    for name in ("outcome", "new", "old", "field"):
        op.drop_column("audit_log", name)
    op.execute("DELETE FROM releases WHERE removed_at IS NOT NULL")
    op.drop_column("issues", "auto_resolved")
    op.drop_column("releases", "removed_at")
    op.drop_column("coverage", "resolution")
    op.drop_table("doubts")
    op.drop_table("retention")
    op.drop_table("window_sizes")
    op.drop_table("wishes")
    op.drop_table("schedule")
    op.drop_table("leases")
