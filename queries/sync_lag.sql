-- name: sync_lag
-- title: Sync lag
-- description: How far behind each stream of the sync is, the furthest first, and what its last run said.
-- description: A stream that never ran through has no mark.
-- chart: lag_minutes
-- param: until timestamp = now  the moment to which lags are counted
-- returns: stream varchar  the stream's name
-- returns: scope varchar  what of it; empty for the whole organization
-- returns: mark timestamp  up to when everything was read
-- returns: as_of timestamp  when that was true
-- returns: lag_minutes double  minutes since then
-- returns: due_at timestamp  when it is due again: not while the sync rests, after a refused token or so
-- returns: overdue_minutes double  minutes since it was due; null where it is not
-- returns: failures bigint  how often in a row it failed
-- returns: last_state varchar  how its last run ended, or that it runs
-- returns: last_error varchar  what stopped its last run; null where nothing did
WITH last_runs AS (
    SELECT stream, scope, state, error
    FROM passes
    QUALIFY row_number() OVER (PARTITION BY stream, scope ORDER BY id DESC) = 1
),
known AS (
    SELECT stream, scope, mark, as_of FROM marks
    UNION ALL
    SELECT stream, scope, NULL, NULL FROM last_runs
    WHERE (stream, scope) NOT IN (SELECT (stream, scope) FROM marks)
    UNION ALL
    SELECT stream, '', NULL, NULL FROM schedule
    WHERE stream NOT IN (SELECT stream FROM marks) AND stream NOT IN (SELECT stream FROM last_runs)
),
planned AS (
    SELECT stream, greatest(due_at, (SELECT max(rests_until) FROM leases)) AS due_at, failures FROM schedule
)
SELECT
    k.stream,
    k.scope,
    k.mark,
    k.as_of,
    (epoch_us($until::TIMESTAMP) - epoch_us(k.as_of)) / 60e6 AS lag_minutes,
    s.due_at,
    CASE WHEN s.due_at < $until::TIMESTAMP THEN (epoch_us($until::TIMESTAMP) - epoch_us(s.due_at)) / 60e6 END
        AS overdue_minutes,
    s.failures,
    r.state AS last_state,
    r.error AS last_error
FROM known AS k
LEFT JOIN planned AS s ON s.stream = k.stream
LEFT JOIN last_runs AS r ON r.stream = k.stream AND r.scope = k.scope
ORDER BY lag_minutes DESC NULLS FIRST, k.stream, k.scope
