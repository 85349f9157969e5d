-- name: error_trend
-- title: Errors per day
-- description: Errors of each day (UTC) by project, for projects with any in that time, or the one asked for.
-- description: A day without errors is 0 where the store knows the day, null where it knows nothing of it.
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: days positive = 14  how many days, the last one included
-- param: until timestamp = now  errors before this time
-- returns: day timestamp  midnight at which the day starts
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: errors hugeint  how many errors
-- returns: covered double  the share of the day, from 0 to 1, for which the store knows all errors
WITH window_days AS (
    SELECT day
    FROM generate_series(
        date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER - 1),
        date_trunc('day', $until::TIMESTAMP),
        INTERVAL 1 DAY
    ) AS series(day)
),
counted AS (
    SELECT project_id, date_trunc('day', hour) AS day, sum("count") AS errors
    FROM error_counts
    WHERE hour >= (SELECT min(day) FROM window_days)
      AND hour < $until::TIMESTAMP
      AND ($environment::VARCHAR IS NULL OR environment = $environment)
    GROUP BY ALL
),
known_projects AS (
    SELECT id, slug FROM projects
    UNION
    -- Counts may be here before their project's own row is.
    SELECT project_id, project_id FROM counted
    WHERE project_id NOT IN (SELECT id FROM projects)
      AND project_id NOT IN (SELECT id FROM removed_projects)
),
chosen AS (
    SELECT id, slug FROM known_projects
    WHERE CASE
        WHEN $project::VARCHAR IS NULL THEN id IN (SELECT project_id FROM counted)
        ELSE slug = $project OR id = $project
    END
),
known_time AS (
    SELECT
        d.day, c.scope,
        sum(epoch_us(least(c."end", d.day + INTERVAL 1 DAY)) - epoch_us(greatest(c.start, d.day))) AS known
    FROM window_days AS d
    JOIN coverage AS c
      ON c.resource = 'error_counts' AND c.start < d.day + INTERVAL 1 DAY AND c."end" > d.day
    GROUP BY ALL
),
shares AS (
    -- The organization as a whole or the project by itself, whichever is known for longer.
    SELECT d.day, p.id, coalesce(max(k.known), 0) / 86400e6 AS covered
    FROM window_days AS d
    CROSS JOIN chosen AS p
    LEFT JOIN known_time AS k ON k.day = d.day AND k.scope IN ('', 'project:' || p.id)
    GROUP BY ALL
)
SELECT
    s.day,
    p.slug AS project,
    coalesce(c.errors, CASE WHEN s.covered > 0 THEN 0 END) AS errors,
    s.covered
FROM shares AS s
JOIN chosen AS p ON p.id = s.id
LEFT JOIN counted AS c ON c.project_id = s.id AND c.day = s.day
ORDER BY s.day, project, p.id
