-- name: crash_free_trend
-- title: Crash-free sessions per day
-- description: The share of sessions without a crash of each day (UTC), over all releases: each release's rate
-- description: weighted by its sessions, which is exact. Users of several releases do not add up and are left out.
-- chart: crash_free_sessions
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: days positive = 14  how many days, the last one included
-- param: target number = 0.995  the share that is aimed at, from 0 to 1
-- param: until timestamp = now  days that started before this time
-- returns: day timestamp  midnight at which the day starts
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: sessions hugeint  how many sessions
-- returns: crashed double  how many of them crashed, worked out from the rates
-- returns: crash_free_sessions double  the share of sessions that did not crash, from 0 to 1
-- returns: on_target boolean  whether that is at least the target
-- returns: worst_release varchar  the release with the most crashed sessions
-- returns: covered double  the share of the day, from 0 to 1, for which the store knows all sessions
WITH chosen AS (
    SELECT h.*, h.sessions * (1 - h.crash_free_sessions) AS crashed
    FROM release_health AS h
    LEFT JOIN projects AS p ON p.id = h.project_id
    WHERE h.bucket >= date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER - 1)
      AND h.bucket < $until::TIMESTAMP
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR h.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR h.environment = $environment)
      AND h.project_id NOT IN (SELECT id FROM removed_projects)
),
by_release AS (
    SELECT
        bucket, project_id, "release", sum(sessions) AS sessions, sum(crashed) AS crashed,
        sum(sessions) FILTER (WHERE crashed IS NOT NULL) AS judged
    FROM chosen
    GROUP BY ALL
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
    r.bucket AS day,
    coalesce(any_value(p.slug), r.project_id) AS project,
    sum(r.sessions) AS sessions,
    sum(r.crashed) AS crashed,
    1 - sum(r.crashed) / nullif(sum(r.judged), 0)::DOUBLE AS crash_free_sessions,
    1 - sum(r.crashed) / nullif(sum(r.judged), 0)::DOUBLE >= $target::DOUBLE AS on_target,
    arg_max(r."release", (r.crashed, r."release")) FILTER (WHERE r.crashed > 0) AS worst_release,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k
        WHERE k.bucket = r.bucket AND k.scope IN ('', 'project:' || r.project_id)
    ), 0) AS covered
FROM by_release AS r
LEFT JOIN projects AS p ON p.id = r.project_id
GROUP BY r.bucket, r.project_id
ORDER BY day, project
