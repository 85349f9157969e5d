-- name: release_before_after
-- title: Before and after a release
-- description: Errors per session of a release beside the days before it and beside the other releases since.
-- description: Days count in UTC, and only those of which both errors and sessions are known but for an hour: days
-- description: says how many, and without one nothing is told of a part. A rate is null where there were no sessions.
-- chart: errors_per_session
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: release text = null  the release, by its whole version; the newest of each project when null
-- param: days positive = 7  how many days before the release's day, and at most from it on
-- param: until timestamp = now  errors and sessions before this time
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: release varchar  the release's version
-- returns: released_at timestamp  when it was released; when it was created where that is not known
-- returns: part varchar  before (all releases), release (this one) or others (the rest, on the same days as it)
-- returns: days bigint  how many days are counted
-- returns: of_days bigint  how many there are
-- returns: errors hugeint  how many errors; null where no day is counted
-- returns: sessions hugeint  how many sessions: the exposure; null where no day is counted
-- returns: errors_per_session double  errors divided by sessions
-- returns: crash_free_sessions double  the share of sessions that did not crash, from 0 to 1
WITH released AS (
    SELECT
        rp.project_id, r.version, coalesce(r.date_released, r.date_created) AS released_at,
        date_trunc('day', coalesce(r.date_released, r.date_created)) AS first_day
    FROM releases AS r
    JOIN release_projects AS rp ON rp.version = r.version
    LEFT JOIN projects AS p ON p.id = rp.project_id
    WHERE coalesce(r.date_released, r.date_created) < $until::TIMESTAMP
      AND ($release::VARCHAR IS NULL OR r.version = $release)
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR rp.project_id = $project)
      AND rp.project_id NOT IN (SELECT id FROM removed_projects)
    QUALIFY row_number() OVER (PARTITION BY rp.project_id ORDER BY released_at DESC, r.version DESC) = 1
),
window_days AS (
    SELECT r.project_id, r.version, d.day, d.day >= r.first_day AS since
    FROM released AS r
    CROSS JOIN generate_series(
        r.first_day - to_days($days::INTEGER),
        least(r.first_day + to_days($days::INTEGER - 1), date_trunc('day', $until::TIMESTAMP)),
        INTERVAL 1 DAY
    ) AS d(day)
),
known_time AS (
    SELECT
        d.day, c.resource, c.scope,
        sum(epoch_us(least(c."end", d.day + INTERVAL 1 DAY, $until::TIMESTAMP))
            - epoch_us(greatest(c.start, d.day)))
            >= epoch_us(least(d.day + INTERVAL 1 DAY, $until::TIMESTAMP)) - epoch_us(d.day) - 3600000000 AS known
    FROM (SELECT DISTINCT day FROM window_days) AS d
    JOIN coverage AS c
      ON c.resource IN ('error_counts', 'release_health')
      AND c.start < least(d.day + INTERVAL 1 DAY, $until::TIMESTAMP) AND c."end" > d.day
    GROUP BY d.day, c.resource, c.scope
),
known_days AS (
    SELECT d.project_id, d.version, d.day, d.since
    FROM window_days AS d
    JOIN known_time AS k ON k.day = d.day AND k.known AND k.scope IN ('', 'project:' || d.project_id)
    GROUP BY d.project_id, d.version, d.day, d.since
    HAVING count(DISTINCT k.resource) = 2
),
counted AS (
    SELECT d.project_id, d.day, d.since, e."release" = d.version AS own, sum(e."count") AS errors
    FROM known_days AS d
    JOIN error_counts AS e ON e.project_id = d.project_id AND date_trunc('day', e.hour) = d.day
    LEFT JOIN removed_issues AS m ON m.id = e.issue_id
    WHERE e.hour < $until::TIMESTAMP
      AND ($environment::VARCHAR IS NULL OR e.environment = $environment)
      AND (m.id IS NULL OR m.merged_into IS NOT NULL)
    GROUP BY ALL
),
exposed AS (
    SELECT
        d.project_id, d.day, d.since, h."release" = d.version AS own, sum(h.sessions) AS sessions,
        sum(h.sessions) FILTER (WHERE h.crash_free_sessions IS NOT NULL) AS judged,
        sum(h.sessions * h.crash_free_sessions) AS crash_free
    FROM known_days AS d
    JOIN release_health AS h ON h.project_id = d.project_id AND h.bucket = d.day
    WHERE $environment::VARCHAR IS NULL OR h.environment = $environment
    GROUP BY ALL
),
parts(part, place, since, own) AS (
    VALUES ('before', 1, false, NULL), ('release', 2, true, true), ('others', 3, true, false)
)
SELECT
    coalesce(p.slug, r.project_id) AS project,
    r.version AS "release",
    r.released_at,
    t.part,
    k.days,
    (SELECT count(*) FROM window_days AS d WHERE d.project_id = r.project_id AND d.since = t.since) AS of_days,
    CASE WHEN k.days > 0 THEN c.errors END AS errors,
    CASE WHEN k.days > 0 THEN x.sessions END AS sessions,
    c.errors / nullif(x.sessions, 0)::DOUBLE AS errors_per_session,
    x.crash_free / nullif(x.judged, 0) AS crash_free_sessions
FROM released AS r
CROSS JOIN parts AS t
CROSS JOIN LATERAL (
    SELECT count(*) AS days FROM known_days AS d WHERE d.project_id = r.project_id AND d.since = t.since
) AS k
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.errors), 0) AS errors FROM counted AS c
    WHERE c.project_id = r.project_id AND c.since = t.since AND (t.own IS NULL OR c.own = t.own)
) AS c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.sessions), 0) AS sessions, sum(x.judged) AS judged, sum(x.crash_free) AS crash_free
    FROM exposed AS x
    WHERE x.project_id = r.project_id AND x.since = t.since AND (t.own IS NULL OR x.own = t.own)
) AS x
LEFT JOIN projects AS p ON p.id = r.project_id
ORDER BY project, t.place
