-- name: project_weeks
-- title: Projects, week on week
-- description: Errors and crash-free sessions of each project in the last whole days (UTC), beside as many before.
-- description: Errors and sessions are 0 where the store knows any of the time and there were none, null where it
-- description: knows none of it.
-- chart: errors
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: days positive = 7  how many days
-- param: until timestamp = now  days that ended by this time
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: errors hugeint  how many errors
-- returns: errors_before hugeint  how many in as many days before
-- returns: growth double  errors divided by errors_before; null unless both times are known as a whole
-- returns: covered double  the share of this time, from 0 to 1, for which the store knows all errors
-- returns: covered_before double  the same of the time before
-- returns: sessions hugeint  how many sessions
-- returns: crash_free_sessions double  the share of sessions that did not crash, from 0 to 1
-- returns: crash_free_before double  the same of the time before
-- returns: sessions_covered double  the share of this time, from 0 to 1, for which the store knows all sessions
-- returns: sessions_covered_before double  the same of the time before
-- returns: looked_since timestamp  the first look at any of the project's issues: what they did before is not known
WITH bounds AS (
    SELECT
        date_trunc('day', $until::TIMESTAMP) - to_days(2 * $days::INTEGER) AS earlier,
        date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER) AS since,
        date_trunc('day', $until::TIMESTAMP) AS until
),
counted AS (
    SELECT
        e.project_id,
        sum(e."count") FILTER (WHERE e.hour >= b.since) AS errors,
        sum(e."count") FILTER (WHERE e.hour < b.since) AS errors_before
    FROM error_counts AS e
    CROSS JOIN bounds AS b
    WHERE e.hour >= b.earlier AND e.hour < b.until
      AND ($environment::VARCHAR IS NULL OR e.environment = $environment)
    GROUP BY e.project_id
),
healthy AS (
    SELECT
        h.project_id,
        sum(h.sessions) FILTER (WHERE h.bucket >= b.since) AS sessions,
        -- Each release's rate weighted by its sessions, which is exact.
        sum(h.sessions * h.crash_free_sessions) FILTER (WHERE h.bucket >= b.since)
            / nullif(sum(h.sessions) FILTER (WHERE h.bucket >= b.since AND h.crash_free_sessions IS NOT NULL), 0)
            AS crash_free,
        sum(h.sessions * h.crash_free_sessions) FILTER (WHERE h.bucket < b.since)
            / nullif(sum(h.sessions) FILTER (WHERE h.bucket < b.since AND h.crash_free_sessions IS NOT NULL), 0)
            AS crash_free_before
    FROM release_health AS h
    CROSS JOIN bounds AS b
    WHERE h.bucket >= b.earlier AND h.bucket < b.until
      AND ($environment::VARCHAR IS NULL OR h.environment = $environment)
    GROUP BY h.project_id
),
looks AS (
    SELECT project_id, min(known_since) AS looked_since
    FROM (
        SELECT project_id, known_since FROM issues UNION ALL SELECT project_id, known_since FROM removed_issues
    )
    GROUP BY project_id
),
known_projects AS (
    SELECT id, slug FROM projects
    UNION
    -- Counts may be here before their project's own row is.
    SELECT project_id, project_id FROM counted
    WHERE project_id NOT IN (SELECT id FROM projects) AND project_id NOT IN (SELECT id FROM removed_projects)
),
known_time AS (
    SELECT
        c.resource, c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since)))) AS now,
        sum(greatest(0, epoch_us(least(c."end", b.since)) - epoch_us(greatest(c.start, b.earlier)))) AS before
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource IN ('error_counts', 'release_health')
    GROUP BY c.resource, c.scope
),
shares AS (
    -- The organization as a whole or the project by itself, whichever is known for longer.
    SELECT
        p.id,
        coalesce(max(k.now) FILTER (WHERE k.resource = 'error_counts'), 0) / ($days * 86400e6) AS covered,
        coalesce(max(k.before) FILTER (WHERE k.resource = 'error_counts'), 0) / ($days * 86400e6) AS covered_before,
        coalesce(max(k.now) FILTER (WHERE k.resource = 'release_health'), 0) / ($days * 86400e6)
            AS sessions_covered,
        coalesce(max(k.before) FILTER (WHERE k.resource = 'release_health'), 0) / ($days * 86400e6)
            AS sessions_covered_before
    FROM known_projects AS p
    LEFT JOIN known_time AS k ON k.scope IN ('', 'project:' || p.id)
    GROUP BY p.id
)
SELECT
    p.slug AS project,
    coalesce(c.errors, CASE WHEN s.covered > 0 THEN 0 END) AS errors,
    coalesce(c.errors_before, CASE WHEN s.covered_before > 0 THEN 0 END) AS errors_before,
    CASE WHEN s.covered >= 1 AND s.covered_before >= 1 THEN coalesce(c.errors, 0) / nullif(c.errors_before, 0) END
        AS growth,
    s.covered,
    s.covered_before,
    coalesce(h.sessions, CASE WHEN s.sessions_covered > 0 THEN 0 END) AS sessions,
    h.crash_free AS crash_free_sessions,
    h.crash_free_before,
    s.sessions_covered,
    s.sessions_covered_before,
    l.looked_since
FROM known_projects AS p
JOIN shares AS s ON s.id = p.id
LEFT JOIN counted AS c ON c.project_id = p.id
LEFT JOIN healthy AS h ON h.project_id = p.id
LEFT JOIN looks AS l ON l.project_id = p.id
WHERE $project::VARCHAR IS NULL OR p.slug = $project OR p.id = $project
ORDER BY coalesce(c.errors, 0) DESC, project, p.id
