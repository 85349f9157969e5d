-- name: error_trend_by_release
-- title: Errors per day by release
-- description: Errors of each day (UTC) by project, environment and release. What had none on a day has no row.
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: release text = null  one release, by its whole version; all when null
-- param: days positive = 14  how many days, the last one included
-- param: until timestamp = now  errors before this time
-- returns: day timestamp  midnight at which the day starts
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: release varchar  the release's version; empty where none was given
-- returns: errors hugeint  how many errors
-- returns: covered double  the share of the day, from 0 to 1, for which the store knows all errors
WITH counted AS (
    SELECT e.project_id, date_trunc('day', e.hour) AS day, e.environment, e."release", sum(e."count") AS errors
    FROM error_counts AS e
    LEFT JOIN projects AS p ON p.id = e.project_id
    WHERE e.hour >= date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER - 1)
      AND e.hour < $until::TIMESTAMP
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR e.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR e.environment = $environment)
      AND ($release::VARCHAR IS NULL OR e."release" = $release)
      AND e.project_id NOT IN (SELECT id FROM removed_projects)
    GROUP BY ALL
),
known_time AS (
    SELECT
        d.day, c.scope,
        sum(epoch_us(least(c."end", d.day + INTERVAL 1 DAY)) - epoch_us(greatest(c.start, d.day)))
            / 86400e6 AS covered
    FROM (SELECT DISTINCT day FROM counted) AS d
    JOIN coverage AS c
      ON c.resource = 'error_counts' AND c.start < d.day + INTERVAL 1 DAY AND c."end" > d.day
    GROUP BY ALL
)
SELECT
    c.day,
    coalesce(p.slug, c.project_id) AS project,
    c.environment,
    c."release",
    c.errors,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k
        WHERE k.day = c.day AND k.scope IN ('', 'project:' || c.project_id)
    ), 0) AS covered
FROM counted AS c
LEFT JOIN projects AS p ON p.id = c.project_id
WHERE c.errors > 0
ORDER BY c.day, project, c.environment, c.errors DESC, c."release"
