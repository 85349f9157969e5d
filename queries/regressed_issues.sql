-- name: regressed_issues
-- title: Regressed issues
-- description: Issues that were resolved and came back, from the looks that were had at them. Sentry does not tell
-- description: when it happened, so it lies between reopened_after and reopened_by. Issues that Sentry calls
-- description: regressed though no look saw them come back have 0 regressions, no times and no errors.
-- param: project project = null  one project, by slug or id; all when null
-- param: days positive = 14  how many times 24 hours
-- param: until timestamp = now  changes seen before this time
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: title varchar  the issue's title
-- returns: level varchar  error, warning, …
-- returns: status varchar  unresolved, resolved or ignored, as it is now
-- returns: substatus varchar  as it is now
-- returns: regressions bigint  how often it was seen to come back in this time
-- returns: reopened_after timestamp  the last look that saw it resolved, of the newest regression
-- returns: reopened_by timestamp  the first look that saw it open again
-- returns: errors hugeint  its errors since reopened_after, as far as they are known; null where none of that time is
-- returns: covered double  the share of the time since, from 0 to 1, for which the store knows all errors
-- returns: last_seen timestamp  when it last happened
-- returns: known_since timestamp  the first look at it: what was before is not known
WITH reopened AS (
    SELECT
        issue_id, count(*) AS regressions, max("after") AS reopened_after, max("at") AS reopened_by
    FROM issue_history
    WHERE field = 'status' AND "old" = 'resolved' AND "new" = 'unresolved'
      AND "at" >= $until::TIMESTAMP - to_days($days::INTEGER) AND "at" < $until::TIMESTAMP
    GROUP BY issue_id
),
counted AS (
    SELECT coalesce(m.merged_into, e.issue_id) AS issue_id, sum(e."count") AS errors
    FROM error_counts AS e
    LEFT JOIN removed_issues AS m ON m.id = e.issue_id
    JOIN reopened AS r ON r.issue_id = coalesce(m.merged_into, e.issue_id)
    WHERE e.hour >= date_trunc('hour', r.reopened_after) AND e.hour < $until::TIMESTAMP
    GROUP BY 1
),
known_time AS (
    SELECT
        r.issue_id, c.scope,
        sum(greatest(0, epoch_us(least(c."end", $until::TIMESTAMP))
            - epoch_us(greatest(c.start, r.reopened_after))))
            / (epoch_us($until::TIMESTAMP) - epoch_us(any_value(r.reopened_after))) AS covered
    FROM reopened AS r
    JOIN issues AS i ON i.id = r.issue_id
    JOIN coverage AS c ON c.resource = 'error_counts' AND c.scope IN ('', 'project:' || i.project_id)
    GROUP BY ALL
),
shares AS (
    SELECT r.issue_id, coalesce(max(k.covered), 0) AS covered
    FROM reopened AS r
    LEFT JOIN known_time AS k ON k.issue_id = r.issue_id
    GROUP BY r.issue_id
)
SELECT
    i.id AS issue_id,
    i.short_id,
    coalesce(p.slug, i.project_id) AS project,
    i.title,
    i.level,
    i.status,
    i.substatus,
    coalesce(r.regressions, 0) AS regressions,
    r.reopened_after,
    r.reopened_by,
    coalesce(c.errors, CASE WHEN s.covered > 0 THEN 0 END) AS errors,
    s.covered,
    i.last_seen,
    i.known_since
FROM issues AS i
LEFT JOIN reopened AS r ON r.issue_id = i.id
LEFT JOIN shares AS s ON s.issue_id = i.id
LEFT JOIN counted AS c ON c.issue_id = i.id
LEFT JOIN projects AS p ON p.id = i.project_id
WHERE (
        r.issue_id IS NOT NULL
        OR i.status = 'unresolved' AND i.substatus = 'regressed'
        AND i.last_seen >= $until::TIMESTAMP - to_days($days::INTEGER)
    )
  AND ($project::VARCHAR IS NULL OR p.slug = $project OR i.project_id = $project)
  AND i.project_id NOT IN (SELECT id FROM removed_projects)
ORDER BY r.reopened_by DESC NULLS LAST, i.last_seen DESC NULLS LAST, i.id
