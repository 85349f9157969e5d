-- name: errors_by_tag
-- title: Errors by tag
-- description: How events divide among the values of a tag, from the events that are kept one by one. The share
-- description: is of the project's events in this time; those without the tag are none of the values'.
-- param: tag text = null  one tag, such as browser; every tag when null, which takes twice as long
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: issue text = null  one issue, by its id or short id; all when null
-- param: days positive = 7  how many times 24 hours
-- param: until timestamp = now  events before this time
-- param: top positive = 50  how many values
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: tag varchar  the tag's name
-- returns: value varchar  its value
-- returns: events bigint  how many events have it
-- returns: issues bigint  of how many issues
-- returns: users bigint  of how many different users; events without a user count for none
-- returns: share double  of all the project's events here, from 0 to 1
-- returns: last_seen timestamp  the newest of them
-- returns: covered double  the share of this time, from 0 to 1, for which the store holds all events
WITH chosen AS NOT MATERIALIZED (
    SELECT
        e.project_id, coalesce(r.merged_into, e.issue_id) AS issue_id, e.user_key, e."timestamp", e.tags
    FROM events AS e
    LEFT JOIN removed_issues AS r ON r.id = e.issue_id
    LEFT JOIN issues AS i ON i.id = coalesce(r.merged_into, e.issue_id)
    LEFT JOIN projects AS p ON p.id = e.project_id
    WHERE e."timestamp" >= $until::TIMESTAMP - to_days($days::INTEGER) AND e."timestamp" < $until::TIMESTAMP
      AND (r.id IS NULL OR r.merged_into IS NOT NULL)
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR e.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR coalesce(e.environment, '') = $environment)
      AND ($issue::VARCHAR IS NULL OR coalesce(r.merged_into, e.issue_id) = $issue OR i.short_id = $issue)
      AND e.project_id NOT IN (SELECT id FROM removed_projects)
),
totals AS (
    SELECT project_id, count(*) AS events FROM chosen GROUP BY project_id
),
named AS NOT MATERIALIZED (
    -- Keys and values come in the same order. Taking a JSON apart so takes a third of the time that a map does, and
    -- reading one tag of it a tenth.
    SELECT
        project_id, issue_id, user_key, "timestamp",
        unnest(CASE WHEN $tag::VARCHAR IS NULL THEN json_keys(tags) ELSE [$tag::VARCHAR] END) AS tag,
        unnest(CASE
            WHEN $tag::VARCHAR IS NULL THEN json_extract_string(tags, '$.*')
            ELSE [json_extract_string(tags, '/' || replace(replace($tag::VARCHAR, '~', '~0'), '/', '~1'))]
        END) AS "value"
    FROM chosen
),
tagged AS NOT MATERIALIZED (
    SELECT * FROM named WHERE "value" IS NOT NULL
),
known_time AS (
    SELECT
        scope,
        sum(greatest(0, epoch_us(least("end", $until::TIMESTAMP))
            - epoch_us(greatest(start, $until::TIMESTAMP - to_days($days::INTEGER))))) / ($days * 86400e6) AS covered
    FROM coverage
    WHERE resource = 'events'
    GROUP BY scope
),
busiest AS (
    -- Counting is cheap, different users are not: these are counted for the values that are shown.
    SELECT
        coalesce(any_value(p.slug), t.project_id) AS project, t.project_id, t.tag, t."value",
        count(*) AS events, max(t."timestamp") AS last_seen
    FROM tagged AS t
    LEFT JOIN projects AS p ON p.id = t.project_id
    GROUP BY t.project_id, t.tag, t."value"
    ORDER BY events DESC, project, t.tag, t."value"
    LIMIT $top::BIGINT
),
affected AS (
    SELECT
        t.project_id, t.tag, t."value",
        count(DISTINCT t.issue_id) AS issues, count(DISTINCT t.user_key) AS users
    FROM tagged AS t
    SEMI JOIN busiest AS b ON b.project_id = t.project_id AND b.tag = t.tag AND b."value" = t."value"
    GROUP BY t.project_id, t.tag, t."value"
)
SELECT
    b.project,
    b.tag,
    b."value",
    b.events,
    f.issues,
    f.users,
    b.events / a.events AS share,
    b.last_seen,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || b.project_id)
    ), 0) AS covered
FROM busiest AS b
JOIN affected AS f ON f.project_id = b.project_id AND f.tag = b.tag AND f."value" = b."value"
JOIN totals AS a ON a.project_id = b.project_id
ORDER BY b.events DESC, b.project, b.tag, b."value"
