-- name: release_adoption
-- title: Adoption of releases
-- description: How fast each release took over its project and environment, from its share of the sessions of each
-- description: day (UTC). Days of which the store knows no sessions are not among them; a release that had none on a
-- description: day that others had has a share of 0.
-- chart: adoption
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: share number = 0.5  the share of sessions, from 0 to 1, at which a release counts as adopted
-- param: days positive = 30  how many days, the last one included
-- param: until timestamp = now  days that started before this time
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: environment varchar  the environment; empty where none was given
-- returns: release varchar  the release's version; empty where none was given
-- returns: first_day timestamp  the first day with sessions of it, in this time
-- returns: sessions hugeint  how many sessions
-- returns: adoption double  its share of the sessions of the newest day known of the project and environment
-- returns: peak_adoption double  its greatest share of a day
-- returns: adopted_on timestamp  the first day with at least the share asked for
-- returns: days_to_adopt bigint  days from the first to that one
-- returns: covered double  the share of this time, from 0 to 1, for which the store knows all sessions
WITH bounds AS (
    SELECT
        date_trunc('day', $until::TIMESTAMP) - to_days($days::INTEGER - 1) AS since,
        $until::TIMESTAMP AS until
),
chosen AS (
    SELECT
        h.*, coalesce(p.slug, h.project_id) AS project,
        max(h.bucket) OVER (PARTITION BY h.project_id, h.environment) AS newest
    FROM release_health AS h
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = h.project_id
    WHERE h.bucket >= b.since AND h.bucket < b.until AND h.sessions > 0
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR h.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR h.environment = $environment)
      AND h.project_id NOT IN (SELECT id FROM removed_projects)
),
known_time AS (
    SELECT
        c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since))))
            / (epoch_us(any_value(b.until)) - epoch_us(any_value(b.since))) AS covered
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource = 'release_health'
    GROUP BY c.scope
)
SELECT
    h.project,
    h.environment,
    h."release",
    min(h.bucket) AS first_day,
    sum(h.sessions) AS sessions,
    CASE WHEN max(h.bucket) < any_value(h.newest) THEN 0 ELSE arg_max_null(h.adoption, h.bucket) END AS adoption,
    max(h.adoption) AS peak_adoption,
    min(h.bucket) FILTER (WHERE h.adoption >= $share::DOUBLE) AS adopted_on,
    date_diff('day', min(h.bucket), min(h.bucket) FILTER (WHERE h.adoption >= $share::DOUBLE)) AS days_to_adopt,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || h.project_id)
    ), 0) AS covered
FROM chosen AS h
GROUP BY h.project, h.project_id, h.environment, h."release"
ORDER BY h.project, h.environment, first_day DESC, sessions DESC, h."release"
