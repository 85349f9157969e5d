-- name: suspect_issues
-- title: Suspect issues of a release
-- description: Issues that weigh more on a release than on the others at the same time: new since it, or with more
-- description: errors per session. Both are compared on the days (UTC) since the release of which errors and
-- description: sessions are known but for an hour. The score is null where sessions of either are not known.
-- chart: score
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: release text = null  the release, by its whole version; the newest of each project when null
-- param: at_least positive = 5  only issues with so many errors in the release
-- param: until timestamp = now  errors and sessions before this time
-- param: top positive = 20  how many issues
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: release varchar  the release's version
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: title varchar  the issue's title
-- returns: is_new boolean  whether it was first seen after the release's date or, as far as is known, in the release
-- returns: errors hugeint  its errors in the release
-- returns: other_errors hugeint  its errors in other releases
-- returns: per_1000_sessions double  its errors in each thousand of the release's sessions
-- returns: other_per_1000_sessions double  its errors in each thousand of the others' sessions
-- returns: score double  standard deviations above what the sessions' split would give; 3 is seldom chance
-- returns: days bigint  how many days are counted
-- returns: of_days bigint  how many there are since the release's day, that one included
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
    SELECT r.project_id, r.version, d.day
    FROM released AS r
    CROSS JOIN generate_series(r.first_day, date_trunc('day', $until::TIMESTAMP), INTERVAL 1 DAY) AS d(day)
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
    SELECT d.project_id, d.version, d.day
    FROM window_days AS d
    JOIN known_time AS k ON k.day = d.day AND k.known AND k.scope IN ('', 'project:' || d.project_id)
    GROUP BY d.project_id, d.version, d.day
    HAVING count(DISTINCT k.resource) = 2
),
counted AS (
    SELECT
        d.project_id, coalesce(m.merged_into, e.issue_id) AS issue_id,
        coalesce(sum(e."count") FILTER (WHERE e."release" = d.version), 0) AS errors,
        coalesce(sum(e."count") FILTER (WHERE e."release" <> d.version), 0) AS other_errors
    FROM known_days AS d
    JOIN error_counts AS e ON e.project_id = d.project_id AND date_trunc('day', e.hour) = d.day
    LEFT JOIN removed_issues AS m ON m.id = e.issue_id
    WHERE e.hour < $until::TIMESTAMP
      AND ($environment::VARCHAR IS NULL OR e.environment = $environment)
      AND (m.id IS NULL OR m.merged_into IS NOT NULL)
    GROUP BY 1, 2
),
exposed AS (
    SELECT
        d.project_id,
        nullif(sum(h.sessions) FILTER (WHERE h."release" = d.version), 0)::DOUBLE AS sessions,
        nullif(sum(h.sessions) FILTER (WHERE h."release" <> d.version), 0)::DOUBLE AS other_sessions
    FROM known_days AS d
    JOIN release_health AS h ON h.project_id = d.project_id AND h.bucket = d.day
    WHERE $environment::VARCHAR IS NULL OR h.environment = $environment
    GROUP BY d.project_id
),
split AS (
    SELECT project_id, sessions, other_sessions, sessions / (sessions + other_sessions) AS part FROM exposed
)
SELECT
    coalesce(p.slug, c.project_id) AS project,
    r.version AS "release",
    c.issue_id,
    i.short_id,
    i.title,
    coalesce(i.first_release = r.version, false) OR i.first_seen >= r.released_at AS is_new,
    c.errors,
    c.other_errors,
    1000 * c.errors / s.sessions AS per_1000_sessions,
    1000 * c.other_errors / s.other_sessions AS other_per_1000_sessions,
    (c.errors - (c.errors + c.other_errors) * s.part)
        / sqrt((c.errors + c.other_errors) * s.part * (1 - s.part)) AS score,
    (SELECT count(*) FROM known_days AS d WHERE d.project_id = c.project_id) AS days,
    (SELECT count(*) FROM window_days AS d WHERE d.project_id = c.project_id) AS of_days
FROM counted AS c
JOIN released AS r ON r.project_id = c.project_id
LEFT JOIN split AS s ON s.project_id = c.project_id
LEFT JOIN issues AS i ON i.id = c.issue_id
LEFT JOIN projects AS p ON p.id = c.project_id
WHERE c.errors >= $at_least::BIGINT
  AND (is_new OR score IS NULL OR score > 0)
ORDER BY score DESC NULLS LAST, c.errors DESC, c.issue_id
LIMIT $top::BIGINT
