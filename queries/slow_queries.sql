-- name: slow_queries
-- title: Slow database queries
-- description: Database queries by their mean duration over the last hours. Percentiles do not add up, so p95 is
-- description: shown as the lowest and highest of the hours' own.
-- chart: avg_ms
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 24  how many of the last full hours
-- param: until timestamp = now  hours that ended by this time
-- param: at_least positive = 10  only queries that ran so often
-- param: top positive = 20  how many queries
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: query_id varchar  Sentry's id of the query
-- returns: description varchar  the query with its values taken out
-- returns: system varchar  the database's kind, such as postgresql
-- returns: count hugeint  how often it ran
-- returns: avg_ms double  the mean duration
-- returns: p95_lowest_ms double  the lowest of the hours' 95th percentiles
-- returns: p95_highest_ms double  the highest of them
-- returns: total_ms double  its time in all
-- returns: approximate boolean  whether the server sampled in any hour
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
)
SELECT
    coalesce(any_value(p.slug), s.project_id) AS project,
    s.environment,
    s.query_id,
    arg_max(s.description, s.hour) AS description,
    arg_max(s.system, s.hour) AS system,
    sum(s."count") AS "count",
    sum(coalesce(s.total, s.avg * s."count")) / sum(s."count") FILTER (WHERE coalesce(s.total, s.avg) IS NOT NULL)
        AS avg_ms,
    min(s.p95) AS p95_lowest_ms,
    max(s.p95) AS p95_highest_ms,
    sum(coalesce(s.total, s.avg * s."count")) AS total_ms,
    bool_or(s.approximate) AS approximate,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || s.project_id)
    ), 0) AS covered
FROM query_stats AS s
CROSS JOIN bounds AS b
LEFT JOIN projects AS p ON p.id = s.project_id
WHERE s.hour >= b.since AND s.hour < b.until AND s."count" > 0
  AND ($project::VARCHAR IS NULL OR p.slug = $project OR s.project_id = $project)
  AND ($environment::VARCHAR IS NULL OR s.environment = $environment)
  AND s.project_id NOT IN (SELECT id FROM removed_projects)
GROUP BY s.project_id, s.environment, s.query_id
HAVING sum(s."count") >= $at_least::BIGINT
ORDER BY avg_ms DESC NULLS LAST, sum(s."count") DESC, project, s.environment, s.query_id
LIMIT $top::BIGINT
