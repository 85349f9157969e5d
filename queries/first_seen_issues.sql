-- name: first_seen_issues
-- title: Issues first seen in a time
-- description: Issues that happened for the first time in the last days, with their errors of that time, the most
-- description: first. Issues that are gone by now are not among them. Errors of an issue that was merged count for
-- description: the one it was merged into.
-- chart: errors
-- param: project project = null  one project, by slug or id; all when null
-- param: days positive = 7  how many times 24 hours
-- param: until timestamp = now  issues first seen before this time, and errors before it
-- param: top positive = 50  how many issues
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: title varchar  the issue's title
-- returns: level varchar  error, warning, …
-- returns: status varchar  unresolved, resolved or ignored, as it is now
-- returns: first_seen timestamp  when it first happened
-- returns: errors hugeint  its errors in this time, as far as they are known; null where none of it is
-- returns: covered double  the share of this time, from 0 to 1, for which the store knows all errors
WITH bounds AS (
    SELECT $until::TIMESTAMP - to_days($days::INTEGER) AS since, $until::TIMESTAMP AS until
),
fresh AS (
    SELECT i.id, i.short_id, i.project_id, i.title, i.level, i.status, i.first_seen
    FROM issues AS i
    CROSS JOIN bounds AS b
    LEFT JOIN projects AS p ON p.id = i.project_id
    WHERE i.first_seen >= b.since AND i.first_seen < b.until
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR i.project_id = $project)
      AND i.project_id NOT IN (SELECT id FROM removed_projects)
),
counted AS (
    SELECT coalesce(m.merged_into, e.issue_id) AS issue_id, sum(e."count") AS errors
    FROM error_counts AS e
    CROSS JOIN bounds AS b
    LEFT JOIN removed_issues AS m ON m.id = e.issue_id
    WHERE e.hour >= date_trunc('hour', b.since) AND e.hour < b.until
      AND coalesce(m.merged_into, e.issue_id) IN (SELECT id FROM fresh)
    GROUP BY 1
),
known_time AS (
    SELECT
        c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since))))
            / ($days * 86400e6) AS covered
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource = 'error_counts'
    GROUP BY c.scope
),
shares AS (
    SELECT f.project_id, coalesce(max(k.covered), 0) AS covered
    FROM (SELECT DISTINCT project_id FROM fresh) AS f
    LEFT JOIN known_time AS k ON k.scope IN ('', 'project:' || f.project_id)
    GROUP BY f.project_id
)
SELECT
    f.id AS issue_id,
    f.short_id,
    coalesce(p.slug, f.project_id) AS project,
    f.title,
    f.level,
    f.status,
    f.first_seen,
    coalesce(c.errors, CASE WHEN s.covered > 0 THEN 0 END) AS errors,
    s.covered
FROM fresh AS f
JOIN shares AS s ON s.project_id = f.project_id
LEFT JOIN counted AS c ON c.issue_id = f.id
LEFT JOIN projects AS p ON p.id = f.project_id
ORDER BY errors DESC NULLS LAST, f.first_seen DESC, f.id
LIMIT $top::BIGINT
