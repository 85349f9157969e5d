-- name: resolved_issues
-- title: Resolved issues
-- description: Resolutions that a look saw in the last days, the newest first. Sentry does not tell when it
-- description: happened, so it lies between resolved_after and resolved_by. An issue that came back and was resolved
-- description: again is there twice; issues that are gone by now are among them.
-- chart: hours
-- param: project project = null  one project, by slug or id; all when null
-- param: days positive = 7  how many times 24 hours
-- param: until timestamp = now  changes seen before this time
-- param: top positive = 50  how many resolutions
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: title varchar  the issue's title
-- returns: level varchar  error, warning, …
-- returns: status varchar  as it is now: unresolved, resolved or ignored, or deleted or merged if it is gone
-- returns: resolved_after timestamp  the last look that saw it open
-- returns: resolved_by timestamp  the first look that saw it resolved
-- returns: hours double  from first seen, or from coming back, until resolved_by; null where neither is known
WITH held AS (
    SELECT id, short_id, project_id, title, level, status, first_seen FROM issues
    UNION ALL
    SELECT id, short_id, project_id, title, level, removed_as, first_seen FROM removed_issues
),
changes AS (
    SELECT
        id, issue_id, "after", "at", "new",
        -- A change that is no resolution and ends one is the issue's coming back.
        max("at") FILTER (WHERE "old" = 'resolved')
            OVER (PARTITION BY issue_id ORDER BY "at", id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            AS came_back
    FROM issue_history
    WHERE field = 'status'
)
SELECT
    h.id AS issue_id,
    h.short_id,
    coalesce(p.slug, h.project_id) AS project,
    h.title,
    h.level,
    h.status,
    c."after" AS resolved_after,
    c."at" AS resolved_by,
    (epoch_us(c."at") - epoch_us(coalesce(c.came_back, h.first_seen))) / 3600e6 AS hours
FROM changes AS c
JOIN held AS h ON h.id = c.issue_id
LEFT JOIN projects AS p ON p.id = h.project_id
WHERE c."new" = 'resolved'
  AND c."at" >= $until::TIMESTAMP - to_days($days::INTEGER) AND c."at" < $until::TIMESTAMP
  AND ($project::VARCHAR IS NULL OR p.slug = $project OR h.project_id = $project)
  AND h.project_id NOT IN (SELECT id FROM removed_projects)
ORDER BY c."at" DESC, c.id DESC
LIMIT $top::BIGINT
