-- name: new_issues
-- title: New issues since a release
-- description: Issues that came with a release or were first seen since it, with the errors they have had since.
-- description: Sentry's lists do not tell an issue's first release, so it is known of some only: in_release is null
-- description: for the others, and new_by_sentry is how many there should be.
-- chart: errors
-- param: project project = null  one project, by slug or id; all when null
-- param: release text = null  the release, by its whole version; the newest of each project when null
-- param: until timestamp = now  issues first seen before this time, and errors before it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: release varchar  the release's version
-- returns: released_at timestamp  when it was released; when it was created where that is not known
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: title varchar  the issue's title
-- returns: level varchar  error, warning, …
-- returns: status varchar  unresolved, resolved or ignored
-- returns: in_release boolean  whether it was first seen in this release; null where that is not known
-- returns: first_seen timestamp  when it first happened
-- returns: errors hugeint  its errors since the release, as far as they are known; null where none of that time is
-- returns: new_by_sentry bigint  how many issues are new in the release by Sentry's count
-- returns: covered double  the share of the time since, from 0 to 1, for which the store knows all errors
WITH released AS (
    SELECT
        rp.project_id, r.version, coalesce(rp.new_issues, r.new_issues) AS new_by_sentry,
        coalesce(r.date_released, r.date_created) AS released_at
    FROM releases AS r
    JOIN release_projects AS rp ON rp.version = r.version
    LEFT JOIN projects AS p ON p.id = rp.project_id
    WHERE coalesce(r.date_released, r.date_created) < $until::TIMESTAMP
      AND ($release::VARCHAR IS NULL OR r.version = $release)
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR rp.project_id = $project)
      AND rp.project_id NOT IN (SELECT id FROM removed_projects)
    QUALIFY row_number() OVER (PARTITION BY rp.project_id ORDER BY released_at DESC, r.version DESC) = 1
),
counted AS (
    SELECT coalesce(m.merged_into, e.issue_id) AS issue_id, sum(e."count") AS errors
    FROM error_counts AS e
    JOIN released AS r ON r.project_id = e.project_id AND e.hour >= date_trunc('hour', r.released_at)
    LEFT JOIN removed_issues AS m ON m.id = e.issue_id
    WHERE e.hour < $until::TIMESTAMP
    GROUP BY 1
),
known_time AS (
    SELECT
        r.project_id, c.scope,
        sum(greatest(0, epoch_us(least(c."end", $until::TIMESTAMP)) - epoch_us(greatest(c.start, r.released_at))))
            / (epoch_us($until::TIMESTAMP) - epoch_us(any_value(r.released_at))) AS covered
    FROM released AS r
    JOIN coverage AS c ON c.resource = 'error_counts' AND c.scope IN ('', 'project:' || r.project_id)
    GROUP BY ALL
),
shares AS (
    SELECT r.project_id, coalesce(max(k.covered), 0) AS covered
    FROM released AS r
    LEFT JOIN known_time AS k ON k.project_id = r.project_id
    GROUP BY r.project_id
)
SELECT
    coalesce(p.slug, r.project_id) AS project,
    r.version AS "release",
    r.released_at,
    i.id AS issue_id,
    i.short_id,
    i.title,
    i.level,
    i.status,
    i.first_release = r.version AS in_release,
    i.first_seen,
    coalesce(c.errors, CASE WHEN s.covered > 0 THEN 0 END) AS errors,
    r.new_by_sentry,
    s.covered
FROM released AS r
JOIN shares AS s ON s.project_id = r.project_id
JOIN issues AS i ON i.project_id = r.project_id
LEFT JOIN counted AS c ON c.issue_id = i.id
LEFT JOIN projects AS p ON p.id = r.project_id
WHERE i.first_seen < $until::TIMESTAMP
  AND (i.first_release = r.version OR i.first_seen >= r.released_at)
ORDER BY project, in_release DESC NULLS LAST, errors DESC NULLS LAST, i.id
