-- name: apdex_and_failures
-- title: Apdex and failure rate
-- description: Apdex and failure rate of each transaction over the last hours: the hours' own figures weighted by
-- description: count, which is exact, since both are shares of the transactions. The lowest Apdex comes first.
-- chart: apdex
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 24  how many of the last full hours
-- param: until timestamp = now  hours that ended by this time
-- param: at_least positive = 1  only transactions that ran so often
-- param: top positive = 50  how many transactions
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: transaction varchar  the transaction's name
-- returns: count hugeint  how often it ran
-- returns: apdex double  by Sentry's threshold for the project, from 0 (all frustrated) to 1 (all satisfied)
-- returns: failure_rate double  the share that failed, from 0 to 1
-- returns: failures double  how many failed, worked out from the rate
-- returns: worst_hour timestamp  the hour with the most failures; null where there were none
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
    WHERE c.resource = 'transactions'
    GROUP BY c.scope
),
counted AS (
    SELECT
        s.project_id, s.environment, s."transaction",
        sum(s."count") AS "count",
        sum(s.apdex * s."count") / nullif(sum(s."count") FILTER (WHERE s.apdex IS NOT NULL), 0) AS apdex,
        sum(s.failure_rate * s."count")
            / nullif(sum(s."count") FILTER (WHERE s.failure_rate IS NOT NULL), 0) AS failure_rate,
        sum(s.failure_rate * s."count") AS failures,
        arg_max(s.hour, (s.failure_rate * s."count", s.hour)) FILTER (WHERE s.failure_rate > 0) AS worst_hour,
        bool_or(s.approximate) AS approximate
    FROM transaction_stats AS s
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = s.project_id
    WHERE s.hour >= b.since AND s.hour < b.until AND s."count" > 0
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR s.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR s.environment = $environment)
      AND s.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY ALL
)
SELECT
    coalesce(p.slug, c.project_id) AS project,
    c.environment,
    c."transaction",
    c."count",
    c.apdex,
    c.failure_rate,
    c.failures,
    c.worst_hour,
    c.approximate,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || c.project_id)
    ), 0) AS covered
FROM counted AS c
LEFT JOIN projects AS p ON p.id = c.project_id
WHERE c."count" >= $at_least::BIGINT
ORDER BY c.apdex NULLS LAST, c.failure_rate DESC NULLS LAST, project, c.environment, c."transaction"
LIMIT $top::BIGINT
