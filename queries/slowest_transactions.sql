-- name: slowest_transactions
-- title: Slowest transactions
-- description: The transactions with the highest 95th percentile in the last synced 24 hours or 7 days.
-- description: Percentiles do not add up, so they are those Sentry computed for exactly that time.
-- chart: p95
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: period 24h|7d = 24h  which time
-- param: at_least positive = 1  leave out transactions that happened fewer times
-- param: top positive = 20  how many transactions
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: transaction varchar  the transaction's name
-- returns: count bigint  how many times it happened
-- returns: p50 double  median duration in milliseconds
-- returns: p75 double  75th percentile in milliseconds
-- returns: p95 double  95th percentile in milliseconds
-- returns: p99 double  99th percentile in milliseconds
-- returns: failure_rate double  the share that failed, from 0 to 1
-- returns: apdex double  user satisfaction, from 0 to 1
-- returns: approximate boolean  whether the server sampled or extrapolated
-- returns: since timestamp  where the time starts
-- returns: until timestamp  where the time ends
WITH synced AS (
    SELECT
        m.mark AS until,
        m.mark - CASE WHEN $period = '24h' THEN INTERVAL 24 HOURS ELSE INTERVAL 168 HOURS END AS since
    FROM marks AS m
    WHERE m.stream = 'transaction_windows.' || $period AND m.scope = ''
)
SELECT
    coalesce(p.slug, w.project_id) AS project,
    w.environment,
    w."transaction",
    w."count",
    w.p50,
    w.p75,
    w.p95,
    w.p99,
    w.failure_rate,
    w.apdex,
    w.approximate,
    w.start AS since,
    w."end" AS until
FROM transaction_windows AS w
JOIN synced AS s ON w.start = s.since AND w."end" = s.until
LEFT JOIN projects AS p ON p.id = w.project_id
WHERE ($project::VARCHAR IS NULL OR p.slug = $project OR w.project_id = $project)
  AND ($environment::VARCHAR IS NULL OR w.environment = $environment)
  AND w."count" >= $at_least::BIGINT
  AND w.project_id NOT IN (SELECT id FROM removed_projects)
ORDER BY w.p95 DESC NULLS LAST, w."count" DESC, project, w.environment, w."transaction"
LIMIT $top::BIGINT
