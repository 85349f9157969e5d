-- name: time_to_resolve
-- title: Time to resolve
-- description: How long issues took from first seen, or from coming back, until a look saw them resolved, from the
-- description: history of looks: each time is too long by up to the gap between two looks (unsure_hours).
-- description: Issues that are gone by now count; resolutions from before the first look at an issue are not known.
-- chart: median_hours
-- param: project project = null  one project, by slug or id; all when null
-- param: days positive = 90  how many times 24 hours
-- param: until timestamp = now  resolutions seen before this time
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: resolved bigint  how many resolutions were seen
-- returns: issues bigint  of how many issues
-- returns: mean_hours double  the mean time
-- returns: median_hours double  the time that half of them stayed under
-- returns: p90_hours double  the time that nine of ten stayed under
-- returns: longest_hours double  the longest
-- returns: unsure_hours double  the mean gap between the looks before and after
-- returns: looked_since timestamp  the first look at any of the project's issues: nothing is known of before
WITH held AS (
    SELECT id, project_id, first_seen, known_since FROM issues
    UNION ALL
    SELECT id, project_id, first_seen, known_since FROM removed_issues
),
changes AS (
    SELECT
        issue_id, "after", "at", "new",
        -- A change that is no resolution and ends one is the issue's coming back.
        max("at") FILTER (WHERE "old" = 'resolved')
            OVER (PARTITION BY issue_id ORDER BY "at", id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            AS came_back
    FROM issue_history
    WHERE field = 'status'
),
resolutions AS (
    SELECT
        h.project_id, c.issue_id,
        (epoch_us(c."at") - epoch_us(coalesce(c.came_back, h.first_seen))) / 3600e6 AS hours,
        (epoch_us(c."at") - epoch_us(c."after")) / 3600e6 AS gap
    FROM changes AS c
    JOIN held AS h ON h.id = c.issue_id
    WHERE c."new" = 'resolved'
      AND c."at" >= $until::TIMESTAMP - to_days($days::INTEGER) AND c."at" < $until::TIMESTAMP
      AND coalesce(c.came_back, h.first_seen) IS NOT NULL
      AND h.project_id NOT IN (SELECT id FROM removed_projects)
)
SELECT
    coalesce(any_value(p.slug), r.project_id) AS project,
    count(*) AS resolved,
    count(DISTINCT r.issue_id) AS issues,
    avg(r.hours) AS mean_hours,
    median(r.hours) AS median_hours,
    quantile_cont(r.hours, 0.9) AS p90_hours,
    max(r.hours) AS longest_hours,
    avg(r.gap) AS unsure_hours,
    (SELECT min(h.known_since) FROM held AS h WHERE h.project_id = r.project_id) AS looked_since
FROM resolutions AS r
LEFT JOIN projects AS p ON p.id = r.project_id
WHERE $project::VARCHAR IS NULL OR p.slug = $project OR r.project_id = $project
GROUP BY r.project_id
ORDER BY project
