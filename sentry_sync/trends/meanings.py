"""What each relation is, in a sentence or two: for the documentation and for whoever is about to write SQL."""

from __future__ import annotations

from collections.abc import Mapping

MEANING: Mapping[str, str] = {
    "origin": "The server and organization this store is a copy of: one row.",
    "organizations": "The organization.",
    "projects": "Projects that are still there; those that went are in `removed_projects`.",
    "removed_projects": "Projects that Sentry no longer has.",
    "project_stats": (
        "Events (errors and transactions), errors and sessions of each project in the 24 hours before `as_of`, by "
        "Sentry's count, which begins with the hour."
    ),
    "environments": "The environments of each project.",
    "issues": (
        "Issues that are still there, with Sentry's counters (`count` and `user_count` are of the issue's whole "
        "life). Those that went are in `removed_issues`."
    ),
    "removed_issues": (
        "Issues that Sentry no longer has, and why: `removed_as` is `merged` (their events are now those "
        "of `merged_into`), `deleted` (their events are deleted here as well), `project` (the whole project is "
        "gone; their events stay) or `unknown` (deleted, or part of an issue that is being merged itself: known "
        "within a day)."
    ),
    "issue_raw": "When an issue's whole row was last kept. The row itself is compressed, out of SQL's reach.",
    "issue_environments": "In which environments an issue was seen, and when first and last.",
    "issue_history": (
        "What changed of an issue between two looks at it: Sentry cannot tell this afterwards. At `after` the "
        "column `field` of the issue was `old`, at `at` it was `new`. Counts have one row a UTC day. Of the time "
        "before `issues.known_since` nothing is known. `seen_by` is the stream that looked, or `live`. How a "
        "field was at a moment is the `old` of its first row with `at` after the moment, for sure if that row's "
        "`after` is not before it; without such a row it was as it is now. "
        "`sentry-sync query issues_at -p time=2026-11-16` works this out for each issue."
    ),
    "error_counts": "Errors by hour, issue, environment and release: the facts behind every trend of errors.",
    "events": "Error events. Text in them was written by whoever can reach a DSN.",
    "event_bodies": "Which events are kept whole (stack trace, breadcrumbs), compressed, out of SQL's reach.",
    "releases": "Releases that are still there; those that went are in `removed_releases`.",
    "removed_releases": "Releases that Sentry no longer has.",
    "release_projects": "Which projects a release belongs to.",
    "deploys": "Deploys of releases.",
    "release_health": "Sessions by release, project, environment and day (UTC), as Sentry counts them.",
    "transaction_stats": "Transactions by hour. Percentiles of several hours do not add up.",
    "transaction_windows": "Transactions over one whole window, as Sentry computed them for exactly that time.",
    "query_stats": "Database queries by hour.",
    "web_vitals": "Web vitals by page and hour.",
    "marks": "How far each stream has come (`mark`), and when that was true (`as_of`).",
    "passes": "Each run of a stream: how far it got, what it brought, why it stopped.",
    "coverage": (
        "The time known complete for each resource and scope: on whose word (`source`), at which `resolution` "
        "(seconds), and whether the server only sampled (`approximate`)."
    ),
    "lake_parts": (
        "Parts of the lake: all rows of a resource from `start` until before `end`, in one Parquet file (none "
        "where there is no row). What was changed since it was published is read from the database."
    ),
    "retention": (
        "The oldest row of a resource that the server still listed: what is held from before is held here alone."
    ),
    "doubts": (
        "Hours in which something else was held than Sentry counts, when that was last seen: they are read again; "
        "of `issue_environments`, what Sentry counted of a day when it was last asked."
    ),
    "leases": (
        "Which process syncs into this store (`holder` is empty when none does), when it last said so, and until "
        "when it asks Sentry for nothing, since the token was refused or Sentry could not be reached."
    ),
    "schedule": "When each stream is due again, how often, and what its last run cost in requests.",
    "wishes": "Streams that somebody wants synced before their turn: `sync-now` asked the process that syncs.",
    "window_sizes": "How long a window each stream may ask for at once, as the server's answers taught it.",
    "capabilities": "What the server can do, and when that was learned.",
    "alerts": (
        "What alert rules found: of each `rule` and `subject` (JSON) whether it is `firing`, `since` when, and "
        "what the `target` was `told` last."
    ),
    "webhook_deliveries": (
        "Webhooks received in the last day: what each was about, whose issue is to be looked at, and when it was "
        "(`handled_at`; one that tells of nothing to look at is handled at once). Nothing else of it is kept."
    ),
    "audit_log": (
        "What was changed at Sentry from here: by whom (`actor`, through `source`), what (`action` on `target`, a "
        "`field` from `old` to `new`) and the `outcome`: `sent` until it is known, then `done`, `refused`, "
        "`not_done` (Sentry shows another value) or `unknown`."
    ),
    "requests": "Every request sent to Sentry in the last day, from the request ledger.",
}
"""What each relation is. A test holds it complete."""
