-- name: unresolved_age
-- title: Age of unresolved issues
-- description: The open backlog of each project by the time since an issue was first seen, as it is now.
-- param: project project = null  one project, by slug or id; all when null
-- param: quiet_days positive = 30  an issue that was not seen for so many times 24 hours counts as quiet
-- param: until timestamp = now  the moment to which ages are counted
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: age varchar  under 1 day, 1 to 7 days, 7 to 30 days, 30 to 90 days, over 90 days, or unknown
-- returns: issues bigint  how many unresolved issues
-- returns: quiet bigint  how many of them were not seen of late
-- returns: unassigned bigint  how many are nobody's
-- returns: events hugeint  events in these issues' whole life, by Sentry's count
-- returns: oldest timestamp  when the oldest of them was first seen
WITH aged AS (
    SELECT
        i.project_id, i.first_seen, i.last_seen, i.assigned_id, i."count",
        CASE
            WHEN i.first_seen IS NULL THEN 6
            WHEN i.first_seen > $until::TIMESTAMP - INTERVAL 1 DAY THEN 1
            WHEN i.first_seen > $until::TIMESTAMP - INTERVAL 7 DAYS THEN 2
            WHEN i.first_seen > $until::TIMESTAMP - INTERVAL 30 DAYS THEN 3
            WHEN i.first_seen > $until::TIMESTAMP - INTERVAL 90 DAYS THEN 4
            ELSE 5
        END AS band
    FROM issues AS i
    WHERE i.status = 'unresolved'
      AND i.project_id NOT IN (SELECT id FROM removed_projects)
)
SELECT
    coalesce(any_value(p.slug), a.project_id) AS project,
    (['under 1 day', '1 to 7 days', '7 to 30 days', '30 to 90 days', 'over 90 days', 'unknown'])[a.band] AS age,
    count(*) AS issues,
    count(*) FILTER (WHERE a.last_seen <= $until::TIMESTAMP - to_days($quiet_days::INTEGER)) AS quiet,
    count(*) FILTER (WHERE a.assigned_id IS NULL) AS unassigned,
    sum(a."count") AS events,
    min(a.first_seen) AS oldest
FROM aged AS a
LEFT JOIN projects AS p ON p.id = a.project_id
WHERE $project::VARCHAR IS NULL OR p.slug = $project OR a.project_id = $project
GROUP BY a.project_id, a.band
ORDER BY project, a.band
