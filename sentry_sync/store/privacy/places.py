"""Every column of the store that holds text, and whether a person may stand in it: a test knows of no other."""

from __future__ import annotations

from collections.abc import Mapping

SWEPT: Mapping[str, tuple[str, ...]] = {
    "issues": (
        *(
            "title",
            "culprit",
            "logger",
            "assigned_to",
            "exception_type",
            "exception_value",
            "filename",
            "function",
        ),
    ),
    "issue_history": ("old", "new"),
    "events": ("title", "transaction", "user_key"),
    "releases": ("ref", "url"),
    "deploys": ("name", "url"),
    "query_stats": ("description",),
    "passes": ("reject_reason", "error"),
    "schedule": ("error",),
    # As JSON: texts of the rows that a rule looked at.
    "alerts": ("subject",),
    "audit_log": ("actor", "target", "old", "new"),
}
"""A mention in one of these is taken out where it stands, beside what ``scrub.FIELDS`` has written again."""

IMPERSONAL: Mapping[str, tuple[str, ...]] = {
    "an id, a hash or a number of Sentry's": (
        *("organizations.id", "projects.id", "project_stats.project_id", "environments.project_id"),
        *("issues.id", "issues.project_id", "issues.short_id", "issues.assigned_id", "issues.merged_into"),
        *("issue_raw.issue_id", "issue_environments.issue_id", "issue_environments.project_id"),
        *("issue_history.issue_id", "error_counts.project_id", "error_counts.issue_id"),
        *("events.project_id", "events.event_id", "events.issue_id"),
        *("event_bodies.project_id", "event_bodies.event_id", "event_bodies.issue_id"),
        *("release_projects.project_id", "deploys.id", "release_health.project_id"),
        *("transaction_stats.project_id", "transaction_windows.project_id", "web_vitals.project_id"),
        *("query_stats.project_id", "query_stats.query_id"),
        *("webhook_deliveries.request_id", "webhook_deliveries.issue_id", "webhook_deliveries.digest"),
    ),
    "a word out of a list of Sentry's": (
        *("projects.platform", "projects.status", "issues.type", "issues.issue_type", "issues.category"),
        *("issues.level", "issues.platform", "issues.status", "issues.substatus", "issues.priority"),
        *("issues.assigned_type", "events.level", "events.platform", "releases.status"),
        *("query_stats.system", "query_stats.action", "webhook_deliveries.resource", "webhook_deliveries.action"),
    ),
    "a name that the organization chose for what is its own, by which answers filter": (
        *(
            "organizations.slug",
            "organizations.name",
            "organizations.region_url",
            "projects.slug",
            "projects.name",
        ),
        *("environments.name", "issue_environments.environment", "error_counts.environment"),
        *("events.environment", "deploys.environment", "release_health.environment"),
        *("transaction_stats.environment", "transaction_windows.environment", "query_stats.environment"),
        *("web_vitals.environment", "error_counts.release", "events.release", "issues.first_release"),
        *("releases.version", "releases.short_version", "release_projects.version", "deploys.version"),
        *("release_health.release", "query_stats.domain"),
    ),
    "an address made of a slug and an id": ("origin.base_url", "origin.organization", "issues.permalink"),
    "a name in the settings file": ("alerts.rule", "alerts.target"),
    "our own words": (
        *("issues.removed_as", "issue_history.field", "issue_history.seen_by", "marks.stream", "marks.scope"),
        *("passes.stream", "passes.scope", "passes.state", "passes.cursor"),
        *("coverage.resource", "coverage.scope", "coverage.source", "retention.resource", "doubts.resource"),
        *("leases.name", "leases.holder", "leases.rests_because", "schedule.stream"),
        *("wishes.stream", "wishes.wished_by"),
        *("window_sizes.stream", "capabilities.name", "erasures.memory"),
        *("audit_log.action", "audit_log.source", "audit_log.field", "audit_log.outcome"),
        *("lake_parts.resource", "lake_parts.file", "lake_parts.checksum", "lake_spans.resource"),
        *("lake_changes.resource", "lake_changes.subject"),
    ),
}
"""Columns that cannot hold a person, by the reason. A name of theirs that is also such a word stays: taken out, a
user named "prod" would take an environment with them."""
