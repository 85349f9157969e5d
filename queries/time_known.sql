-- name: time_known
-- title: How much of a time is known
-- description: The share of the last whole days (UTC), and of as many before, that the store knows whole, of each kind
-- description: of data and each project: by the organization as a whole or by the project itself, whichever is more.
-- chart: covered
-- param: project project = null  one project, by slug or id; all when null
-- param: days positive = 7  how many days
-- param: until timestamp = now  days that ended by this time
-- returns: resource varchar  what: error_counts, events, issues (by last_seen), queries, release_health, …
-- returns: project varchar  the project's slug
-- returns: covered double  the share of this time, from 0 to 1, that is known whole
-- returns: covered_before double  the same of as many days before
-- returns: ever boolean  whether any time is known
WITH bounds AS (
    SELECT
        date_trunc('day', $until::TIMESTAMP) - to_days(2 * $days::INTEGER) AS earlier,
        date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER) AS since,
        date_trunc('day', $until::TIMESTAMP) AS until
),
kinds AS (
    SELECT unnest([
        'error_counts', 'events', 'issues', 'queries', 'release_health', 'transactions', 'web_vitals'
    ]) AS resource
),
known_time AS (
    SELECT
        c.resource, c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since)))) AS now,
        sum(greatest(0, epoch_us(least(c."end", b.since)) - epoch_us(greatest(c.start, b.earlier)))) AS before
    FROM coverage AS c
    CROSS JOIN bounds AS b
    GROUP BY c.resource, c.scope
)
SELECT
    n.resource,
    p.slug AS project,
    coalesce(max(k.now), 0) / ($days * 86400e6) AS covered,
    coalesce(max(k.before), 0) / ($days * 86400e6) AS covered_before,
    count(k.scope) > 0 AS ever
FROM kinds AS n
CROSS JOIN projects AS p
LEFT JOIN known_time AS k ON k.resource = n.resource AND k.scope IN ('', 'project:' || p.id)
WHERE $project::VARCHAR IS NULL OR p.slug = $project OR p.id = $project
GROUP BY n.resource, p.id, p.slug
ORDER BY n.resource, project, p.id
