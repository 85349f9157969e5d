-- name: release_health_trend
-- title: Release health per day
-- description: Crash-free rates of each release and day (UTC), by project and environment.
-- description: Rates and users of several days or environments do not add up, so each row is as Sentry counted it.
-- chart: crash_free_sessions
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: release text = null  one release, by its whole version; all when null
-- param: days positive = 14  how many days, the last one included
-- param: until timestamp = now  days that started before this time
-- returns: day timestamp  midnight at which the day starts
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: release varchar  the release's version; empty where none was given
-- returns: sessions bigint  how many sessions
-- returns: users bigint  how many different users
-- returns: crash_free_sessions double  the share of sessions that did not crash, from 0 to 1
-- returns: crash_free_users double  the share of users without a crash, from 0 to 1
-- returns: adoption double  the release's share of all sessions of its project, environment and day
-- returns: covered double  the share of the day, from 0 to 1, for which the store knows all sessions
WITH bounds AS (
    SELECT
        date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER - 1) AS since,
        $until::TIMESTAMP AS until
),
chosen AS (
    SELECT h.*, coalesce(p.slug, h.project_id) AS project
    FROM release_health AS h
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = h.project_id
    WHERE h.bucket >= b.since AND h.bucket < b.until
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR h.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR h.environment = $environment)
      AND ($release::VARCHAR IS NULL OR h."release" = $release)
      AND h.project_id NOT IN (SELECT id FROM removed_projects)
),
known_time AS (
    SELECT
        d.bucket, c.scope,
        sum(epoch_us(least(c."end", d.bucket + INTERVAL 1 DAY)) - epoch_us(greatest(c.start, d.bucket)))
            / 86400e6 AS covered
    FROM (SELECT DISTINCT bucket FROM chosen) AS d
    JOIN coverage AS c
      ON c.resource = 'release_health' AND c.start < d.bucket + INTERVAL 1 DAY AND c."end" > d.bucket
    GROUP BY ALL
)
SELECT
    h.bucket AS day,
    h.project,
    h.environment,
    h."release",
    h.sessions,
    h.users,
    h.crash_free_sessions,
    h.crash_free_users,
    h.adoption,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k
        WHERE k.bucket = h.bucket AND k.scope IN ('', 'project:' || h.project_id)
    ), 0) AS covered
FROM chosen AS h
ORDER BY h.bucket, h.project, h.environment, h.sessions DESC, h."release"
