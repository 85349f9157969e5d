-- name: throughput
-- title: Throughput
-- description: How many transactions ran in each hour or day (UTC) by project. What had none has no row.
-- chart: per_minute
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: transaction text = null  one transaction, by its exact name; all when null
-- param: by hour|day = hour  what each row stands for
-- param: hours positive = 48  how many of the last full hours
-- param: until timestamp = now  hours that ended by this time
-- returns: time timestamp  when the hour or day starts
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: count hugeint  how many transactions
-- returns: per_minute double  how many in each minute of the time that is known; null where none is
-- returns: failures double  how many failed, worked out from the hours' rates
-- returns: covered double  the share of the hour or day, from 0 to 1, that is asked for and that the store knows
WITH bounds AS (
    SELECT
        date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) AS since,
        date_trunc('hour', $until::TIMESTAMP) AS until
),
counted AS (
    SELECT
        s.project_id, date_trunc($by, s.hour) AS "time", sum(s."count") AS "count",
        sum(s."count" * s.failure_rate) AS failures
    FROM transaction_stats AS s
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = s.project_id
    WHERE s.hour >= b.since AND s.hour < b.until AND s."count" > 0
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR s.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR s.environment = $environment)
      AND ($transaction::VARCHAR IS NULL OR s."transaction" = $transaction)
      AND s.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY ALL
),
steps AS (
    SELECT
        t."time",
        greatest(t."time", b.since) AS "start",
        least(t."time" + CASE WHEN $by = 'day' THEN INTERVAL 1 DAY ELSE INTERVAL 1 HOUR END, b.until) AS "end"
    FROM (SELECT DISTINCT "time" FROM counted) AS t
    CROSS JOIN bounds AS b
),
known_time AS (
    SELECT
        s."time", c.scope,
        sum(epoch_us(least(c."end", s."end")) - epoch_us(greatest(c.start, s."start"))) / 60e6 AS minutes
    FROM steps AS s
    JOIN coverage AS c ON c.resource = 'transactions' AND c.start < s."end" AND c."end" > s."start"
    GROUP BY ALL
),
minutes AS (
    SELECT c.project_id, c."time", coalesce(max(k.minutes), 0) AS known
    FROM counted AS c
    LEFT JOIN known_time AS k ON k."time" = c."time" AND k.scope IN ('', 'project:' || c.project_id)
    GROUP BY ALL
)
SELECT
    c."time",
    coalesce(p.slug, c.project_id) AS project,
    c."count",
    c."count" / nullif(m.known, 0) AS per_minute,
    c.failures,
    m.known / CASE WHEN $by = 'day' THEN 1440 ELSE 60 END AS covered
FROM counted AS c
JOIN minutes AS m ON m.project_id = c.project_id AND m."time" = c."time"
LEFT JOIN projects AS p ON p.id = c.project_id
ORDER BY c."time", project
