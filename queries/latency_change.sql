-- name: latency_change
-- title: Latency, week on week
-- description: Each hour of the last days beside the same hour a week before. Percentiles do not add up, so the
-- description: change of p95 is the median of the hours' own changes; averages are weighted by count, which is exact.
-- description: Only hours that both have figures are compared.
-- chart: p95_change
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 168  how many of the last full hours
-- param: until timestamp = now  hours that ended by this time
-- param: at_least positive = 100  only transactions that ran so often in these hours
-- param: top positive = 50  how many transactions
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: transaction varchar  the transaction's name
-- returns: hours bigint  how many hours are compared
-- returns: count hugeint  how often it ran in these hours
-- returns: count_before hugeint  how often in the same hours a week before
-- returns: avg_ms double  the mean duration
-- returns: avg_before_ms double  the mean duration a week before
-- returns: avg_change double  0.1 is 10 % slower
-- returns: p95_change double  the median of the hours' changes of p95; 0.1 is 10 % slower
-- returns: slower_hours double  the share of hours whose p95 is above the week before's, from 0 to 1
-- returns: approximate boolean  whether the server sampled in any of them
WITH paired AS (
    SELECT
        n.project_id, n.environment, n."transaction", n."count", b."count" AS count_before,
        n.avg, b.avg AS avg_before, n.p95 / b.p95 - 1 AS change, n.approximate OR b.approximate AS approximate
    FROM transaction_stats AS n
    JOIN transaction_stats AS b
      ON b.project_id = n.project_id AND b.environment = n.environment AND b."transaction" = n."transaction"
      AND b.hour = n.hour - INTERVAL 7 DAYS
    LEFT JOIN projects AS p ON p.id = n.project_id
    WHERE n.hour >= date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT)
      AND n.hour < date_trunc('hour', $until::TIMESTAMP)
      AND b.hour >= date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) - INTERVAL 7 DAYS
      AND b.hour < date_trunc('hour', $until::TIMESTAMP) - INTERVAL 7 DAYS
      AND n.p95 IS NOT NULL AND b.p95 > 0 AND n.avg IS NOT NULL AND b.avg IS NOT NULL
      AND n."count" > 0 AND b."count" > 0
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR n.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR n.environment = $environment)
      AND n.project_id NOT IN (SELECT id FROM removed_projects)
),
compared AS (
    SELECT
        project_id, environment, "transaction", count(*) AS hours,
        sum("count") AS "count", sum(count_before) AS count_before,
        sum(avg * "count") / sum("count") AS avg_ms,
        sum(avg_before * count_before) / sum(count_before) AS avg_before_ms,
        median(change) AS p95_change,
        count(*) FILTER (WHERE change > 0) / count(*) AS slower_hours,
        bool_or(approximate) AS approximate
    FROM paired
    GROUP BY ALL
)
SELECT
    coalesce(p.slug, c.project_id) AS project,
    c.environment,
    c."transaction",
    c.hours,
    c."count",
    c.count_before,
    c.avg_ms,
    c.avg_before_ms,
    c.avg_ms / nullif(c.avg_before_ms, 0) - 1 AS avg_change,
    c.p95_change,
    c.slower_hours,
    c.approximate
FROM compared AS c
LEFT JOIN projects AS p ON p.id = c.project_id
WHERE c."count" >= $at_least::BIGINT
ORDER BY c.p95_change DESC, c."count" DESC, project, c.environment, c."transaction"
LIMIT $top::BIGINT
