-- name: error_budget
-- title: Error budget burn
-- description: How fast each project uses up the failures that its target allows, from its transactions' failure
-- description: rates. A burn of 1 uses up exactly the budget of the whole time; 14.4 over an hour uses up 2 % of 30
-- description: days'. A burn is null where no transactions of that time are known.
-- chart: burn
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: target number = 0.99  the share of transactions that should succeed, from 0 to under 1
-- param: days positive = 30  the time that the budget is for, in times of 24 hours
-- param: until timestamp = now  hours that ended by this time
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: count hugeint  how many transactions, of the hours whose failure rate is known
-- returns: failures double  how many of them failed, worked out from the hours' rates
-- returns: allowed double  how many were allowed to
-- returns: budget_left double  the share of the allowed failures that is left; below 0 when overspent
-- returns: burn_1h double  the failure rate of the last hour over the rate allowed
-- returns: burn_6h double  the same of the last 6 hours
-- returns: burn_3d double  the same of the last 72 hours
-- returns: burn double  the same of the whole time
-- returns: covered double  the share of the whole time, from 0 to 1, that the store knows
WITH bounds AS (
    SELECT
        date_trunc('hour', $until::TIMESTAMP) - to_days($days::INTEGER) AS since,
        date_trunc('hour', $until::TIMESTAMP) AS until
),
hourly AS (
    SELECT
        s.project_id, s.hour, date_diff('hour', s.hour, any_value(b.until)) AS age,
        sum(s."count") AS "count", sum(s."count" * s.failure_rate) AS failures
    FROM transaction_stats AS s
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = s.project_id
    WHERE s.hour >= b.since AND s.hour < b.until AND s."count" > 0 AND s.failure_rate IS NOT NULL
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR s.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR s.environment = $environment)
      AND s.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY s.project_id, s.hour
),
known_time AS (
    SELECT
        c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since))))
            / ($days * 86400e6) AS covered
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource = 'transactions'
    GROUP BY c.scope
),
summed AS (
    SELECT
        project_id, 1 - $target::DOUBLE AS allowed_rate,
        sum("count") AS "count", sum(failures) AS failures,
        sum(failures) FILTER (WHERE age <= 1) / sum("count") FILTER (WHERE age <= 1) AS rate_1h,
        sum(failures) FILTER (WHERE age <= 6) / sum("count") FILTER (WHERE age <= 6) AS rate_6h,
        sum(failures) FILTER (WHERE age <= 72) / sum("count") FILTER (WHERE age <= 72) AS rate_3d
    FROM hourly
    GROUP BY project_id
)
SELECT
    coalesce(p.slug, s.project_id) AS project,
    s."count",
    s.failures,
    s."count" * s.allowed_rate AS allowed,
    1 - s.failures / nullif(s."count" * s.allowed_rate, 0) AS budget_left,
    s.rate_1h / nullif(s.allowed_rate, 0) AS burn_1h,
    s.rate_6h / nullif(s.allowed_rate, 0) AS burn_6h,
    s.rate_3d / nullif(s.allowed_rate, 0) AS burn_3d,
    s.failures / s."count" / nullif(s.allowed_rate, 0) AS burn,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || s.project_id)
    ), 0) AS covered
FROM summed AS s
LEFT JOIN projects AS p ON p.id = s.project_id
ORDER BY burn DESC NULLS LAST, project
