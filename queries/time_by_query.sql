-- name: time_by_query
-- title: Where database time goes
-- description: The database queries that took the most time in all over the last hours, and how much of the
-- description: project's database time that is.
-- chart: total_ms
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 24  how many of the last full hours
-- param: until timestamp = now  hours that ended by this time
-- param: top positive = 20  how many queries
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: query_id varchar  Sentry's id of the query
-- returns: description varchar  the query with its values taken out
-- returns: action varchar  what it does, such as SELECT
-- returns: domain varchar  the table it does it to
-- returns: count hugeint  how often it ran
-- returns: total_ms double  its time in all
-- returns: share double  of the time of all the project's queries, from 0 to 1
-- returns: running_share double  the shares of the project's queries down to this one
-- returns: covered double  the share of these hours, from 0 to 1, that the store knows
WITH bounds AS (
    SELECT
        date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) AS since,
        date_trunc('hour', $until::TIMESTAMP) AS until
),
known_time AS (
    SELECT
        c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since))))
            / ($hours * 3600e6) AS covered
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource = 'queries'
    GROUP BY c.scope
),
counted AS (
    SELECT
        s.project_id, s.query_id, arg_max(s.description, s.hour) AS description,
        arg_max(s.action, s.hour) AS action, arg_max(s.domain, s.hour) AS domain,
        sum(s."count") AS "count", sum(coalesce(s.total, s.avg * s."count")) AS total_ms
    FROM query_stats AS s
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = s.project_id
    WHERE s.hour >= b.since AND s.hour < b.until AND s."count" > 0
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR s.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR s.environment = $environment)
      AND s.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY s.project_id, s.query_id
),
shared AS (
    SELECT
        *, total_ms / nullif(sum(total_ms) OVER (PARTITION BY project_id), 0) AS share,
        sum(total_ms) OVER (
            PARTITION BY project_id ORDER BY total_ms DESC, query_id ROWS UNBOUNDED PRECEDING
        ) / nullif(sum(total_ms) OVER (PARTITION BY project_id), 0) AS running_share
    FROM counted
    WHERE total_ms IS NOT NULL
)
SELECT
    coalesce(p.slug, s.project_id) AS project,
    s.query_id,
    s.description,
    s.action,
    s.domain,
    s."count",
    s.total_ms,
    s.share,
    s.running_share,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || s.project_id)
    ), 0) AS covered
FROM shared AS s
LEFT JOIN projects AS p ON p.id = s.project_id
ORDER BY s.total_ms DESC, project, s.query_id
LIMIT $top::BIGINT
