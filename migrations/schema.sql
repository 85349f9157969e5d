-- Made by `make docs` from the migrations: change those, not this.

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE audit_log (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	target TEXT, 
	source TEXT, 
	rows INTEGER, field TEXT, old TEXT, new TEXT, outcome TEXT, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_audit_log_at ON audit_log (at);

CREATE TABLE capabilities (
	name TEXT NOT NULL, 
	available BOOLEAN NOT NULL, 
	learned_at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);

CREATE TABLE coverage (
	resource TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	approximate BOOLEAN NOT NULL, resolution INTEGER, 
	PRIMARY KEY (resource, scope, start)
);

CREATE TABLE deploys (
	id TEXT NOT NULL, 
	version TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	name TEXT, 
	url TEXT, 
	date_started BIGINT, 
	date_finished BIGINT, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_deploys_version ON deploys (version);

CREATE TABLE environments (
	project_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	verified_at BIGINT NOT NULL, 
	PRIMARY KEY (project_id, name)
);

CREATE TABLE error_counts (
	project_id TEXT NOT NULL, 
	issue_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	release TEXT NOT NULL, 
	hour BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	users INTEGER, 
	PRIMARY KEY (project_id, issue_id, environment, release, hour)
);

CREATE INDEX ix_error_counts_hour ON error_counts (hour);

CREATE TABLE event_bodies (
	project_id TEXT NOT NULL, 
	event_id BLOB NOT NULL, 
	issue_id TEXT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	body BLOB NOT NULL, 
	size INTEGER NOT NULL, 
	fetched_at BIGINT NOT NULL, 
	PRIMARY KEY (project_id, event_id)
);

CREATE INDEX ix_event_bodies_issue ON event_bodies (issue_id, timestamp);

CREATE TABLE events (
	project_id TEXT NOT NULL, 
	event_id BLOB NOT NULL, 
	issue_id TEXT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	environment TEXT, 
	release TEXT, 
	level TEXT, 
	title TEXT, 
	"transaction" TEXT, 
	platform TEXT, 
	user_key TEXT, 
	tags TEXT, 
	PRIMARY KEY (project_id, event_id)
);

CREATE INDEX ix_events_issue ON events (issue_id, timestamp);

CREATE INDEX ix_events_timestamp ON events (timestamp);

CREATE TABLE issue_environments (
	issue_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	first_seen BIGINT NOT NULL, 
	last_seen BIGINT NOT NULL, 
	PRIMARY KEY (issue_id, environment)
);

CREATE INDEX ix_issue_environments_project ON issue_environments (project_id, environment, last_seen);

CREATE TABLE issue_history (
	id INTEGER NOT NULL, 
	issue_id TEXT NOT NULL, 
	"after" BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	field TEXT NOT NULL, 
	old TEXT, 
	new TEXT, 
	seen_by TEXT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE issue_raw (
	issue_id TEXT NOT NULL, 
	raw BLOB NOT NULL, 
	verified_at BIGINT NOT NULL, 
	PRIMARY KEY (issue_id)
);

CREATE TABLE issues (
	id TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	short_id TEXT, 
	title TEXT NOT NULL, 
	culprit TEXT, 
	type TEXT, 
	issue_type TEXT, 
	category TEXT, 
	level TEXT, 
	platform TEXT, 
	logger TEXT, 
	status TEXT NOT NULL, 
	substatus TEXT, 
	priority TEXT, 
	unhandled BOOLEAN, 
	first_seen BIGINT, 
	last_seen BIGINT, 
	count INTEGER, 
	user_count INTEGER, 
	assigned_type TEXT, 
	assigned_id TEXT, 
	assigned_to TEXT, 
	permalink TEXT, 
	exception_type TEXT, 
	exception_value TEXT, 
	filename TEXT, 
	function TEXT, 
	num_comments INTEGER, 
	first_release TEXT, 
	known_since BIGINT NOT NULL, 
	verified_at BIGINT NOT NULL, 
	removed_at BIGINT, 
	removed_as TEXT, 
	merged_into TEXT, auto_resolved BOOLEAN, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_issues_last_seen ON issues (last_seen);

CREATE INDEX ix_issues_project_count ON issues (project_id, count);

CREATE INDEX ix_issues_merged_into ON issues (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX ix_issues_no_errors ON issues (project_id, last_seen) WHERE category != 'error';

CREATE INDEX ix_issues_project_status_last_seen ON issues (project_id, status, last_seen);

CREATE INDEX ix_issues_short_id ON issues (short_id);

CREATE TABLE marks (
	stream TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	mark BIGINT NOT NULL, 
	as_of BIGINT NOT NULL, 
	PRIMARY KEY (stream, scope)
);

CREATE TABLE organizations (
	id TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	name TEXT, 
	region_url TEXT, 
	date_created BIGINT, 
	verified_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE origin (
	base_url TEXT NOT NULL, 
	organization TEXT NOT NULL, 
	PRIMARY KEY (base_url, organization)
);

CREATE TABLE passes (
	id INTEGER NOT NULL, 
	stream TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	start BIGINT, 
	"end" BIGINT, 
	state TEXT NOT NULL, 
	cursor TEXT, 
	pages INTEGER NOT NULL, 
	rows INTEGER NOT NULL, 
	rejected INTEGER NOT NULL, 
	reject_reason TEXT, 
	error TEXT, 
	started_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_passes_stream ON passes (stream, scope, id);

CREATE INDEX ix_passes_rejected ON passes (stream) WHERE rejected > 0;

CREATE TABLE project_stats (
	project_id TEXT NOT NULL, 
	events_24h INTEGER, 
	errors_24h INTEGER, 
	sessions_24h INTEGER, 
	as_of BIGINT NOT NULL, 
	PRIMARY KEY (project_id)
);

CREATE TABLE projects (
	id TEXT NOT NULL, 
	slug TEXT NOT NULL, 
	name TEXT, 
	platform TEXT, 
	status TEXT, 
	date_created BIGINT, 
	first_event BIGINT, 
	has_sessions BOOLEAN, 
	has_transactions BOOLEAN, 
	known_since BIGINT, 
	verified_at BIGINT, 
	removed_at BIGINT, 
	PRIMARY KEY (id)
);

CREATE INDEX ix_projects_slug ON projects (slug);

CREATE TABLE query_stats (
	project_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	query_id TEXT NOT NULL, 
	hour BIGINT NOT NULL, 
	description TEXT, 
	system TEXT, 
	action TEXT, 
	domain TEXT, 
	count INTEGER NOT NULL, 
	tpm FLOAT, 
	avg FLOAT, 
	p95 FLOAT, 
	total FLOAT, 
	approximate BOOLEAN NOT NULL, 
	PRIMARY KEY (project_id, environment, query_id, hour)
);

CREATE INDEX ix_query_stats_hour ON query_stats (hour);

CREATE TABLE release_health (
	release TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	bucket BIGINT NOT NULL, 
	sessions INTEGER NOT NULL, 
	users INTEGER, 
	crash_free_sessions FLOAT, 
	crash_free_users FLOAT, 
	adoption FLOAT, 
	PRIMARY KEY (release, project_id, environment, bucket)
);

CREATE INDEX ix_release_health_bucket ON release_health (bucket);

CREATE TABLE release_projects (
	version TEXT NOT NULL, 
	project_id TEXT NOT NULL, 
	new_issues INTEGER, 
	has_health BOOLEAN, 
	verified_at BIGINT NOT NULL, 
	PRIMARY KEY (version, project_id)
);

CREATE INDEX ix_release_projects_project ON release_projects (project_id);

CREATE TABLE releases (
	version TEXT NOT NULL, 
	short_version TEXT, 
	status TEXT, 
	ref TEXT, 
	url TEXT, 
	date_created BIGINT, 
	date_released BIGINT, 
	first_event BIGINT, 
	last_event BIGINT, 
	new_issues INTEGER, 
	commit_count INTEGER, 
	deploy_count INTEGER, 
	verified_at BIGINT NOT NULL, removed_at BIGINT, 
	PRIMARY KEY (version)
);

CREATE INDEX ix_releases_date_created ON releases (date_created);

CREATE TABLE transaction_stats (
	project_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	"transaction" TEXT NOT NULL, 
	hour BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	tpm FLOAT, 
	avg FLOAT, 
	p50 FLOAT, 
	p75 FLOAT, 
	p95 FLOAT, 
	p99 FLOAT, 
	failure_rate FLOAT, 
	apdex FLOAT, 
	users INTEGER, 
	approximate BOOLEAN NOT NULL, 
	PRIMARY KEY (project_id, environment, "transaction", hour)
);

CREATE INDEX ix_transaction_stats_hour ON transaction_stats (hour);

CREATE TABLE transaction_windows (
	project_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	"transaction" TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	tpm FLOAT, 
	avg FLOAT, 
	p50 FLOAT, 
	p75 FLOAT, 
	p95 FLOAT, 
	p99 FLOAT, 
	failure_rate FLOAT, 
	apdex FLOAT, 
	users INTEGER, 
	approximate BOOLEAN NOT NULL, 
	PRIMARY KEY (project_id, environment, "transaction", start, "end")
);

CREATE INDEX ix_transaction_windows_end ON transaction_windows ("end");

CREATE TABLE web_vitals (
	project_id TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	"transaction" TEXT NOT NULL, 
	hour BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	lcp FLOAT, 
	fcp FLOAT, 
	cls FLOAT, 
	inp FLOAT, 
	ttfb FLOAT, 
	score FLOAT, 
	approximate BOOLEAN NOT NULL, 
	PRIMARY KEY (project_id, environment, "transaction", hour)
);

CREATE INDEX ix_web_vitals_hour ON web_vitals (hour);

CREATE TABLE webhook_deliveries (
	request_id TEXT NOT NULL, 
	resource TEXT NOT NULL, 
	action TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	handled_at BIGINT, digest TEXT, issue_id TEXT, event_wanted BOOLEAN, look_after BIGINT, 
	PRIMARY KEY (request_id)
);

CREATE TABLE leases (
	name TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	taken_at BIGINT NOT NULL, 
	beat_at BIGINT NOT NULL, 
	rests_until BIGINT, 
	rests_because TEXT, 
	PRIMARY KEY (name)
);

CREATE TABLE schedule (
	stream TEXT NOT NULL, 
	every_seconds INTEGER NOT NULL, 
	due_at BIGINT NOT NULL, 
	failures INTEGER NOT NULL, 
	requests INTEGER, 
	error TEXT, 
	updated_at BIGINT NOT NULL, 
	PRIMARY KEY (stream)
);

CREATE TABLE wishes (
	stream TEXT NOT NULL, 
	wished_at BIGINT NOT NULL, 
	wished_by TEXT NOT NULL, 
	PRIMARY KEY (stream)
);

CREATE TABLE window_sizes (
	stream TEXT NOT NULL, 
	seconds INTEGER NOT NULL, 
	learned_at BIGINT NOT NULL, 
	PRIMARY KEY (stream)
);

CREATE TABLE retention (
	resource TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	learned_at BIGINT NOT NULL, 
	PRIMARY KEY (resource)
);

CREATE TABLE doubts (
	resource TEXT NOT NULL, 
	hour BIGINT NOT NULL, 
	served INTEGER NOT NULL, 
	held INTEGER NOT NULL, 
	doubted_at BIGINT NOT NULL, 
	PRIMARY KEY (resource, hour)
);

CREATE INDEX ix_events_project ON events (project_id, timestamp, issue_id, environment, release);

CREATE INDEX ix_events_tagged ON events (project_id, timestamp) WHERE tags IS NOT NULL;

CREATE INDEX ix_issues_exception_type ON issues (exception_type, last_seen);

CREATE INDEX ix_issues_first_release ON issues (first_release) WHERE first_release IS NOT NULL;

CREATE INDEX ix_issues_known_since ON issues (known_since);

CREATE INDEX ix_error_counts_issue ON error_counts (issue_id, hour, count);

CREATE INDEX ix_issue_history_issue ON issue_history (issue_id, at, field);

CREATE INDEX ix_webhook_deliveries_digest ON webhook_deliveries (digest, received_at);

CREATE INDEX ix_webhook_deliveries_pending ON webhook_deliveries (received_at) WHERE handled_at IS NULL;

CREATE INDEX ix_webhook_deliveries_events ON webhook_deliveries (received_at) WHERE event_wanted = 1;

CREATE TABLE alerts (
	rule TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	target TEXT NOT NULL, 
	firing BOOLEAN NOT NULL, 
	since BIGINT NOT NULL, 
	value FLOAT, 
	told BOOLEAN NOT NULL, 
	told_at BIGINT, 
	PRIMARY KEY (rule, subject, target)
);

CREATE TABLE erasures (
	memory TEXT NOT NULL, 
	erased_at BIGINT NOT NULL, 
	PRIMARY KEY (memory)
);

CREATE TABLE lake_parts (
	resource TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	file TEXT, 
	rows INTEGER NOT NULL, 
	first BIGINT, 
	last BIGINT, 
	size INTEGER NOT NULL, 
	checksum TEXT, 
	counter INTEGER NOT NULL, 
	published_at BIGINT NOT NULL, 
	PRIMARY KEY (resource, start)
);

CREATE TABLE lake_spans (
	resource TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	PRIMARY KEY (resource, start)
);

CREATE TABLE lake_changes (
	resource TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	subject TEXT NOT NULL, 
	counter INTEGER NOT NULL, 
	gone BOOLEAN NOT NULL, 
	PRIMARY KEY (resource, at, subject)
);

CREATE TABLE lake_counter (
	counter INTEGER NOT NULL, 
	PRIMARY KEY (counter)
);

CREATE TRIGGER lake_issues_insert AFTER INSERT ON issues WHEN NEW.known_since < (SELECT "end" FROM lake_spans WHERE resource = 'issues' AND start <= NEW.known_since ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'issues', NEW."known_since", NEW."id", counter, 0 FROM lake_counter WHERE NEW."known_since" < (SELECT "end" FROM lake_spans WHERE resource = 'issues' AND start <= NEW."known_since" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_issues_update AFTER UPDATE ON issues WHEN OLD."id" IS NOT NEW."id" OR OLD."project_id" IS NOT NEW."project_id" OR OLD."short_id" IS NOT NEW."short_id" OR OLD."title" IS NOT NEW."title" OR OLD."culprit" IS NOT NEW."culprit" OR OLD."type" IS NOT NEW."type" OR OLD."issue_type" IS NOT NEW."issue_type" OR OLD."category" IS NOT NEW."category" OR OLD."level" IS NOT NEW."level" OR OLD."platform" IS NOT NEW."platform" OR OLD."logger" IS NOT NEW."logger" OR OLD."status" IS NOT NEW."status" OR OLD."substatus" IS NOT NEW."substatus" OR OLD."priority" IS NOT NEW."priority" OR OLD."unhandled" IS NOT NEW."unhandled" OR OLD."first_seen" IS NOT NEW."first_seen" OR OLD."last_seen" IS NOT NEW."last_seen" OR OLD."count" IS NOT NEW."count" OR OLD."user_count" IS NOT NEW."user_count" OR OLD."assigned_type" IS NOT NEW."assigned_type" OR OLD."assigned_id" IS NOT NEW."assigned_id" OR OLD."assigned_to" IS NOT NEW."assigned_to" OR OLD."permalink" IS NOT NEW."permalink" OR OLD."exception_type" IS NOT NEW."exception_type" OR OLD."exception_value" IS NOT NEW."exception_value" OR OLD."filename" IS NOT NEW."filename" OR OLD."function" IS NOT NEW."function" OR OLD."num_comments" IS NOT NEW."num_comments" OR OLD."first_release" IS NOT NEW."first_release" OR OLD."known_since" IS NOT NEW."known_since" OR OLD."verified_at" IS NOT NEW."verified_at" OR OLD."removed_at" IS NOT NEW."removed_at" OR OLD."removed_as" IS NOT NEW."removed_as" OR OLD."merged_into" IS NOT NEW."merged_into" OR OLD."auto_resolved" IS NOT NEW."auto_resolved" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'issues', OLD."known_since", OLD."id", counter, 0 FROM lake_counter WHERE OLD."known_since" < (SELECT "end" FROM lake_spans WHERE resource = 'issues' AND start <= OLD."known_since" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'issues', NEW."known_since", NEW."id", counter, 0 FROM lake_counter WHERE NEW."known_since" < (SELECT "end" FROM lake_spans WHERE resource = 'issues' AND start <= NEW."known_since" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_issues_delete AFTER DELETE ON issues WHEN OLD.known_since < (SELECT "end" FROM lake_spans WHERE resource = 'issues' AND start <= OLD.known_since ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'issues', OLD."known_since", OLD."id", counter, 1 FROM lake_counter WHERE OLD."known_since" < (SELECT "end" FROM lake_spans WHERE resource = 'issues' AND start <= OLD."known_since" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_events_insert AFTER INSERT ON events WHEN NEW.timestamp < (SELECT "end" FROM lake_spans WHERE resource = 'events' AND start <= NEW.timestamp ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'events', NEW."timestamp", NEW."issue_id", counter, 0 FROM lake_counter WHERE NEW."timestamp" < (SELECT "end" FROM lake_spans WHERE resource = 'events' AND start <= NEW."timestamp" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_events_update AFTER UPDATE ON events WHEN OLD."project_id" IS NOT NEW."project_id" OR OLD."event_id" IS NOT NEW."event_id" OR OLD."issue_id" IS NOT NEW."issue_id" OR OLD."timestamp" IS NOT NEW."timestamp" OR OLD."environment" IS NOT NEW."environment" OR OLD."release" IS NOT NEW."release" OR OLD."level" IS NOT NEW."level" OR OLD."title" IS NOT NEW."title" OR OLD."transaction" IS NOT NEW."transaction" OR OLD."platform" IS NOT NEW."platform" OR OLD."user_key" IS NOT NEW."user_key" OR OLD."tags" IS NOT NEW."tags" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'events', OLD."timestamp", OLD."issue_id", counter, OLD.user_key IS NOT NULL AND NEW.user_key IS NULL FROM lake_counter WHERE OLD."timestamp" < (SELECT "end" FROM lake_spans WHERE resource = 'events' AND start <= OLD."timestamp" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'events', NEW."timestamp", NEW."issue_id", counter, 0 FROM lake_counter WHERE NEW."timestamp" < (SELECT "end" FROM lake_spans WHERE resource = 'events' AND start <= NEW."timestamp" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_events_delete AFTER DELETE ON events WHEN OLD.timestamp < (SELECT "end" FROM lake_spans WHERE resource = 'events' AND start <= OLD.timestamp ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'events', OLD."timestamp", OLD."issue_id", counter, 1 FROM lake_counter WHERE OLD."timestamp" < (SELECT "end" FROM lake_spans WHERE resource = 'events' AND start <= OLD."timestamp" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_error_counts_insert AFTER INSERT ON error_counts WHEN NEW.hour < (SELECT "end" FROM lake_spans WHERE resource = 'error_counts' AND start <= NEW.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'error_counts', NEW."hour", NEW."issue_id", counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'error_counts' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_error_counts_update AFTER UPDATE ON error_counts WHEN OLD."project_id" IS NOT NEW."project_id" OR OLD."issue_id" IS NOT NEW."issue_id" OR OLD."environment" IS NOT NEW."environment" OR OLD."release" IS NOT NEW."release" OR OLD."hour" IS NOT NEW."hour" OR OLD."count" IS NOT NEW."count" OR OLD."users" IS NOT NEW."users" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'error_counts', OLD."hour", OLD."issue_id", counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'error_counts' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'error_counts', NEW."hour", NEW."issue_id", counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'error_counts' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_error_counts_delete AFTER DELETE ON error_counts WHEN OLD.hour < (SELECT "end" FROM lake_spans WHERE resource = 'error_counts' AND start <= OLD.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'error_counts', OLD."hour", OLD."issue_id", counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'error_counts' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_transaction_stats_insert AFTER INSERT ON transaction_stats WHEN NEW.hour < (SELECT "end" FROM lake_spans WHERE resource = 'transaction_stats' AND start <= NEW.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'transaction_stats', NEW."hour", '', counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'transaction_stats' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_transaction_stats_update AFTER UPDATE ON transaction_stats WHEN OLD."project_id" IS NOT NEW."project_id" OR OLD."environment" IS NOT NEW."environment" OR OLD."transaction" IS NOT NEW."transaction" OR OLD."hour" IS NOT NEW."hour" OR OLD."count" IS NOT NEW."count" OR OLD."tpm" IS NOT NEW."tpm" OR OLD."avg" IS NOT NEW."avg" OR OLD."p50" IS NOT NEW."p50" OR OLD."p75" IS NOT NEW."p75" OR OLD."p95" IS NOT NEW."p95" OR OLD."p99" IS NOT NEW."p99" OR OLD."failure_rate" IS NOT NEW."failure_rate" OR OLD."apdex" IS NOT NEW."apdex" OR OLD."users" IS NOT NEW."users" OR OLD."approximate" IS NOT NEW."approximate" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'transaction_stats', OLD."hour", '', counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'transaction_stats' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'transaction_stats', NEW."hour", '', counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'transaction_stats' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_transaction_stats_delete AFTER DELETE ON transaction_stats WHEN OLD.hour < (SELECT "end" FROM lake_spans WHERE resource = 'transaction_stats' AND start <= OLD.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'transaction_stats', OLD."hour", '', counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'transaction_stats' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_query_stats_insert AFTER INSERT ON query_stats WHEN NEW.hour < (SELECT "end" FROM lake_spans WHERE resource = 'query_stats' AND start <= NEW.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'query_stats', NEW."hour", '', counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'query_stats' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_query_stats_update AFTER UPDATE ON query_stats WHEN OLD."project_id" IS NOT NEW."project_id" OR OLD."environment" IS NOT NEW."environment" OR OLD."query_id" IS NOT NEW."query_id" OR OLD."hour" IS NOT NEW."hour" OR OLD."description" IS NOT NEW."description" OR OLD."system" IS NOT NEW."system" OR OLD."action" IS NOT NEW."action" OR OLD."domain" IS NOT NEW."domain" OR OLD."count" IS NOT NEW."count" OR OLD."tpm" IS NOT NEW."tpm" OR OLD."avg" IS NOT NEW."avg" OR OLD."p95" IS NOT NEW."p95" OR OLD."total" IS NOT NEW."total" OR OLD."approximate" IS NOT NEW."approximate" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'query_stats', OLD."hour", '', counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'query_stats' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'query_stats', NEW."hour", '', counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'query_stats' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_query_stats_delete AFTER DELETE ON query_stats WHEN OLD.hour < (SELECT "end" FROM lake_spans WHERE resource = 'query_stats' AND start <= OLD.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'query_stats', OLD."hour", '', counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'query_stats' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_web_vitals_insert AFTER INSERT ON web_vitals WHEN NEW.hour < (SELECT "end" FROM lake_spans WHERE resource = 'web_vitals' AND start <= NEW.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'web_vitals', NEW."hour", '', counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'web_vitals' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_web_vitals_update AFTER UPDATE ON web_vitals WHEN OLD."project_id" IS NOT NEW."project_id" OR OLD."environment" IS NOT NEW."environment" OR OLD."transaction" IS NOT NEW."transaction" OR OLD."hour" IS NOT NEW."hour" OR OLD."count" IS NOT NEW."count" OR OLD."lcp" IS NOT NEW."lcp" OR OLD."fcp" IS NOT NEW."fcp" OR OLD."cls" IS NOT NEW."cls" OR OLD."inp" IS NOT NEW."inp" OR OLD."ttfb" IS NOT NEW."ttfb" OR OLD."score" IS NOT NEW."score" OR OLD."approximate" IS NOT NEW."approximate" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'web_vitals', OLD."hour", '', counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'web_vitals' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'web_vitals', NEW."hour", '', counter, 0 FROM lake_counter WHERE NEW."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'web_vitals' AND start <= NEW."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_web_vitals_delete AFTER DELETE ON web_vitals WHEN OLD.hour < (SELECT "end" FROM lake_spans WHERE resource = 'web_vitals' AND start <= OLD.hour ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'web_vitals', OLD."hour", '', counter, 0 FROM lake_counter WHERE OLD."hour" < (SELECT "end" FROM lake_spans WHERE resource = 'web_vitals' AND start <= OLD."hour" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_release_health_insert AFTER INSERT ON release_health WHEN NEW.bucket < (SELECT "end" FROM lake_spans WHERE resource = 'release_health' AND start <= NEW.bucket ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'release_health', NEW."bucket", '', counter, 0 FROM lake_counter WHERE NEW."bucket" < (SELECT "end" FROM lake_spans WHERE resource = 'release_health' AND start <= NEW."bucket" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_release_health_update AFTER UPDATE ON release_health WHEN OLD."release" IS NOT NEW."release" OR OLD."project_id" IS NOT NEW."project_id" OR OLD."environment" IS NOT NEW."environment" OR OLD."bucket" IS NOT NEW."bucket" OR OLD."sessions" IS NOT NEW."sessions" OR OLD."users" IS NOT NEW."users" OR OLD."crash_free_sessions" IS NOT NEW."crash_free_sessions" OR OLD."crash_free_users" IS NOT NEW."crash_free_users" OR OLD."adoption" IS NOT NEW."adoption" BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'release_health', OLD."bucket", '', counter, 0 FROM lake_counter WHERE OLD."bucket" < (SELECT "end" FROM lake_spans WHERE resource = 'release_health' AND start <= OLD."bucket" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'release_health', NEW."bucket", '', counter, 0 FROM lake_counter WHERE NEW."bucket" < (SELECT "end" FROM lake_spans WHERE resource = 'release_health' AND start <= NEW."bucket" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

CREATE TRIGGER lake_release_health_delete AFTER DELETE ON release_health WHEN OLD.bucket < (SELECT "end" FROM lake_spans WHERE resource = 'release_health' AND start <= OLD.bucket ORDER BY start DESC LIMIT 1) BEGIN INSERT INTO lake_changes (resource, at, subject, counter, gone) SELECT 'release_health', OLD."bucket", '', counter, 0 FROM lake_counter WHERE OLD."bucket" < (SELECT "end" FROM lake_spans WHERE resource = 'release_health' AND start <= OLD."bucket" ORDER BY start DESC LIMIT 1) ON CONFLICT DO UPDATE SET counter = excluded.counter, gone = max(gone, excluded.gone); END;

INSERT INTO "alembic_version" VALUES('0002');

INSERT INTO "lake_counter" VALUES(1);
