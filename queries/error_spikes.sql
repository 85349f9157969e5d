-- name: error_spikes
-- title: Error spikes
-- description: Hours in which a project had far more errors than its usual hour: more than the median of the days
-- description: before plus so many deviations (median absolute deviation times 1.4826, at least a Poisson count's).
-- description: Only hours that are wholly known are compared. With fewer than 24 of them in the days before, usual
-- description: is null and every hour with at_least errors is shown.
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 24  how many of the last full hours are judged
-- param: days positive = 14  how many times 24 hours before them say what is usual
-- param: deviations number = 5  how many deviations above the median are a spike
-- param: at_least positive = 20  fewer errors in an hour are no spike
-- param: until timestamp = now  hours that ended by this time
-- returns: hour timestamp  when the hour starts
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: errors hugeint  how many errors
-- returns: usual double  the median of the hours before
-- returns: threshold double  what more than is a spike
-- returns: score double  how many deviations above the median
-- returns: top_issue varchar  Sentry's id of the issue with the most of these errors
-- returns: top_share double  that issue's share of them, from 0 to 1
-- returns: hours_known bigint  how many hours before were known
WITH bounds AS (
    SELECT
        date_trunc('hour', $until::TIMESTAMP) AS until,
        date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) AS since,
        date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) - to_days($days::INTEGER) AS earlier
),
by_issue AS (
    SELECT
        e.project_id, e.hour, coalesce(r.merged_into, e.issue_id) AS issue_id, sum(e."count") AS errors
    FROM error_counts AS e
    CROSS JOIN bounds AS b
    LEFT JOIN removed_issues AS r ON r.id = e.issue_id
    LEFT JOIN projects AS p ON p.id = e.project_id
    WHERE e.hour >= b.earlier AND e.hour < b.until
      AND (r.id IS NULL OR r.merged_into IS NOT NULL)
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR e.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR e.environment = $environment)
      AND e.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY ALL
),
counted AS (
    SELECT
        project_id, hour, sum(errors) AS errors, arg_max(issue_id, (errors, issue_id)) AS top_issue,
        max(errors) AS top_errors
    FROM by_issue
    GROUP BY project_id, hour
),
known_hours AS (
    SELECT h.hour, c.scope
    FROM bounds AS b
    CROSS JOIN generate_series(b.earlier, b.until - INTERVAL 1 HOUR, INTERVAL 1 HOUR) AS h(hour)
    JOIN coverage AS c
      ON c.resource = 'error_counts' AND c.start < h.hour + INTERVAL 1 HOUR AND c."end" > h.hour
    GROUP BY h.hour, c.scope
    HAVING sum(epoch_us(least(c."end", h.hour + INTERVAL 1 HOUR)) - epoch_us(greatest(c.start, h.hour)))
        = 3600000000
),
series AS (
    -- A known hour without a row had no errors.
    SELECT DISTINCT
        p.project_id, k.hour, coalesce(c.errors, 0) AS errors, c.top_issue, c.top_errors,
        k.hour >= b.since AS judged
    FROM (SELECT DISTINCT project_id FROM counted) AS p
    CROSS JOIN bounds AS b
    JOIN known_hours AS k ON k.scope IN ('', 'project:' || p.project_id)
    LEFT JOIN counted AS c ON c.project_id = p.project_id AND c.hour = k.hour
),
usual AS (
    SELECT
        project_id, count(*) AS hours_known, median(errors)::DOUBLE AS usual,
        greatest(1.4826 * mad(errors)::DOUBLE, sqrt(greatest(median(errors)::DOUBLE, 1))) AS deviation
    FROM series
    WHERE NOT judged
    GROUP BY project_id
),
compared AS (
    SELECT
        s.*, coalesce(u.hours_known, 0) AS hours_known,
        CASE WHEN u.hours_known >= 24 THEN u.usual END AS usual,
        CASE WHEN u.hours_known >= 24 THEN u.deviation END AS deviation
    FROM series AS s
    LEFT JOIN usual AS u ON u.project_id = s.project_id
    WHERE s.judged
)
SELECT
    c.hour,
    coalesce(p.slug, c.project_id) AS project,
    c.errors,
    c.usual,
    c.usual + $deviations::DOUBLE * c.deviation AS threshold,
    (c.errors - c.usual) / c.deviation AS score,
    c.top_issue,
    (c.top_errors / c.errors)::DOUBLE AS top_share,
    c.hours_known
FROM compared AS c
LEFT JOIN projects AS p ON p.id = c.project_id
WHERE c.errors >= $at_least::BIGINT
  AND (c.usual IS NULL OR c.errors > c.usual + $deviations::DOUBLE * c.deviation)
ORDER BY score DESC NULLS FIRST, c.errors DESC, c.hour, project
