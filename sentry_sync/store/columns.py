"""The columns of every table, as plain data: what ``tables.py`` says, for those who must not wait for SQLAlchemy.

A process that runs one statement spends a third of its time on loading it. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# A column is text unless a word says otherwise; compressed ones (issue_raw.raw, event_bodies.body) are left out.
_TABLES = """
origin: base_url, organization
organizations: id, slug, name, region_url, date_created moment, verified_at moment
projects: id, slug, name, platform, status, date_created moment, first_event moment, has_sessions boolean,
  has_transactions boolean, known_since moment, verified_at moment, removed_at moment
project_stats: project_id, events_24h integer, errors_24h integer, sessions_24h integer, as_of moment
environments: project_id, name, verified_at moment
issues: id, project_id, short_id, title, culprit, type, issue_type, category, level, platform, logger, status,
  substatus, priority, unhandled boolean, first_seen moment, last_seen moment, count integer, user_count
  integer, assigned_type, assigned_id, assigned_to, permalink, exception_type, exception_value, filename,
  function, num_comments integer, first_release, known_since moment, verified_at moment, removed_at moment,
  removed_as, merged_into, auto_resolved boolean
issue_raw: issue_id, verified_at moment
issue_environments: issue_id, environment, project_id, first_seen moment, last_seen moment
issue_history: id integer, issue_id, after moment, at moment, field, old, new, seen_by
error_counts: project_id, issue_id, environment, release, hour moment, count integer, users integer
events: project_id, event_id event_id, issue_id, timestamp moment, environment, release, level, title,
  transaction, platform, user_key, tags tags
event_bodies: project_id, event_id event_id, issue_id, timestamp moment, size integer, fetched_at moment
releases: version, short_version, status, ref, url, date_created moment, date_released moment, first_event
  moment, last_event moment, new_issues integer, commit_count integer, deploy_count integer, verified_at moment,
  removed_at moment
release_projects: version, project_id, new_issues integer, has_health boolean, verified_at moment
deploys: id, version, environment, name, url, date_started moment, date_finished moment
release_health: release, project_id, environment, bucket moment, sessions integer, users integer,
  crash_free_sessions real, crash_free_users real, adoption real
transaction_stats: project_id, environment, transaction, hour moment, count integer, tpm real, avg real, p50
  real, p75 real, p95 real, p99 real, failure_rate real, apdex real, users integer, approximate boolean
transaction_windows: project_id, environment, transaction, start moment, end moment, count integer, tpm real,
  avg real, p50 real, p75 real, p95 real, p99 real, failure_rate real, apdex real, users integer, approximate
  boolean
query_stats: project_id, environment, query_id, hour moment, description, system, action, domain, count integer,
  tpm real, avg real, p95 real, total real, approximate boolean
web_vitals: project_id, environment, transaction, hour moment, count integer, lcp real, fcp real, cls real, inp
  real, ttfb real, score real, approximate boolean
marks: stream, scope, mark moment, as_of moment
passes: id integer, stream, scope, start moment, end moment, state, cursor, pages integer, rows integer,
  rejected integer, reject_reason, error, started_at moment, updated_at moment
coverage: resource, scope, start moment, end moment, source, approximate boolean, resolution integer
retention: resource, since moment, learned_at moment
doubts: resource, hour moment, served integer, held integer, doubted_at moment
leases: name, holder, generation integer, taken_at moment, beat_at moment, rests_until moment,
  rests_because
schedule: stream, every_seconds integer, due_at moment, failures integer, requests integer, error,
  updated_at moment
wishes: stream, wished_at moment, wished_by
window_sizes: stream, seconds integer, learned_at moment
capabilities: name, available boolean, learned_at moment
alerts: rule, subject, target, firing boolean, since moment, value real, told boolean, told_at moment
webhook_deliveries: request_id, resource, action, received_at moment, handled_at moment, digest, issue_id,
  event_wanted boolean, look_after moment
audit_log: id integer, at moment, actor, action, target, source, rows integer, field, old, new, outcome
erasures: memory, erased_at moment
lake_parts: resource, start moment, end moment, file, rows integer, first moment, last moment, size integer,
  checksum, counter integer, published_at moment
lake_spans: resource, start moment, end moment
lake_changes: resource, at moment, subject, counter integer, gone boolean
lake_counter: counter integer
"""


def _parsed(text: str) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for entry in text.replace("\n  ", " ").strip().splitlines():
        table, _, columns = entry.partition(": ")
        words = (column.split() for column in columns.split(", "))
        found[table] = {name: kind[0] if kind else "text" for name, *kind in words}
    return MappingProxyType(found)


COLUMNS = _parsed(_TABLES)
"""The kind of each column by table: text, integer, real, boolean, moment, event_id or tags."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of column in DuckDB: as it comes out of SQLite, as the lake holds it, as a statement sees it."""

    stored: str
    lake: str
    shown: str
    to_lake: str = "{}"
    to_shown: str = "{}"


# TIMESTAMP, not TIMESTAMPTZ: all our times are UTC, and reading the latter needs pytz.
KINDS: Mapping[str, Kind] = {
    "text": Kind("VARCHAR", "VARCHAR", "VARCHAR"),
    "integer": Kind("BIGINT", "BIGINT", "BIGINT"),
    "real": Kind("DOUBLE", "DOUBLE", "DOUBLE"),
    "boolean": Kind("BOOLEAN", "BOOLEAN", "BOOLEAN"),
    "moment": Kind("BIGINT", "TIMESTAMP", "TIMESTAMP", to_lake="make_timestamp({})"),
    "event_id": Kind("BLOB", "BLOB", "VARCHAR", to_shown="lower(hex({}))"),
    "tags": Kind("JSON", "JSON", "JSON"),
}


def quote(name: str) -> str:
    """``name`` as an identifier, for SQLite and DuckDB alike."""
    return '"' + name.replace('"', '""') + '"'
