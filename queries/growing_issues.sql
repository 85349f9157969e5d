-- name: growing_issues
-- title: Fastest growing issues
-- description: Issues with more errors in the last whole hours than in as many before, the surest growth first.
-- description: Errors of an issue that was merged count for the one it was merged into. Where not all of the time
-- description: before is known, previous, growth and score are null and the issue comes last.
-- chart: score
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 24  how many hours, up to the last full one
-- param: until timestamp = now  errors before the hour of this time
-- param: at_least positive = 10  only issues with so many errors in this time
-- param: top positive = 20  how many issues
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: title varchar  the issue's title
-- returns: status varchar  unresolved, resolved or ignored
-- returns: errors hugeint  how many errors in this time
-- returns: previous hugeint  how many in the same time before
-- returns: growth double  errors divided by previous; null where there were none before
-- returns: score double  the increase in standard deviations of a Poisson count; chance alone seldom gives 3
-- returns: covered double  the share of this time, from 0 to 1, for which the store knows all errors
WITH bounds AS (
    SELECT
        date_trunc('hour', $until::TIMESTAMP) - to_hours(2 * $hours::BIGINT) AS earlier,
        date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) AS since,
        date_trunc('hour', $until::TIMESTAMP) AS until
),
counted AS (
    SELECT
        coalesce(r.merged_into, e.issue_id) AS issue_id,
        any_value(e.project_id) AS project_id,
        coalesce(sum(e."count") FILTER (WHERE e.hour >= b.since), 0) AS errors,
        coalesce(sum(e."count") FILTER (WHERE e.hour < b.since), 0) AS previous
    FROM error_counts AS e
    CROSS JOIN bounds AS b
    LEFT JOIN removed_issues AS r ON r.id = e.issue_id
    WHERE e.hour >= b.earlier AND e.hour < b.until
      AND ($environment::VARCHAR IS NULL OR e.environment = $environment)
      AND (r.id IS NULL OR r.merged_into IS NOT NULL)
      AND e.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY 1
),
known_time AS (
    SELECT
        c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since))))
            / ($hours::BIGINT * 3600e6) AS covered,
        sum(greatest(0, epoch_us(least(c."end", b.since)) - epoch_us(greatest(c.start, b.earlier))))
            = $hours::BIGINT * 3600000000 AS before_known
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource = 'error_counts'
    GROUP BY c.scope
),
known_projects AS (
    SELECT
        p.project_id,
        coalesce(max(k.covered), 0) AS covered,
        coalesce(bool_or(k.before_known), false) AS before_known
    FROM (SELECT DISTINCT project_id FROM counted) AS p
    LEFT JOIN known_time AS k ON k.scope IN ('', 'project:' || p.project_id)
    GROUP BY p.project_id
)
SELECT
    c.issue_id,
    i.short_id,
    coalesce(p.slug, c.project_id) AS project,
    i.title,
    i.status,
    c.errors,
    CASE WHEN k.before_known THEN c.previous END AS previous,
    CASE WHEN k.before_known AND c.previous > 0 THEN c.errors / c.previous END::DOUBLE AS growth,
    CASE WHEN k.before_known THEN (c.errors - c.previous) / sqrt(c.errors + c.previous) END AS score,
    k.covered
FROM counted AS c
JOIN known_projects AS k ON k.project_id = c.project_id
LEFT JOIN issues AS i ON i.id = c.issue_id
LEFT JOIN projects AS p ON p.id = c.project_id
WHERE c.errors >= $at_least::BIGINT
  AND (NOT k.before_known OR c.errors > c.previous)
  AND ($project::VARCHAR IS NULL OR p.slug = $project OR c.project_id = $project)
ORDER BY score DESC NULLS LAST, c.errors DESC, c.issue_id
LIMIT $top::BIGINT
