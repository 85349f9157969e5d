-- name: user_impact
-- title: Issues by users affected
-- description: The issues that hit the most different users in the last days, from the events kept one by one.
-- description: Users of several issues do not add up: one person can meet them all.
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: days positive = 7  how many times 24 hours
-- param: until timestamp = now  events before this time
-- param: top positive = 20  how many issues
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: title varchar  the issue's title
-- returns: status varchar  unresolved, resolved or ignored
-- returns: users bigint  how many different users in this time
-- returns: share double  of the project's users who met any error in this time, from 0 to 1
-- returns: events bigint  how many events
-- returns: without_user bigint  how many of them name no user
-- returns: users_ever bigint  users in the issue's whole life, by Sentry's count
-- returns: last_event timestamp  the newest of these events
-- returns: covered double  the share of this time, from 0 to 1, for which the store holds all events
WITH chosen AS (
    SELECT e.project_id, coalesce(r.merged_into, e.issue_id) AS issue_id, e.user_key, e."timestamp"
    FROM events AS e
    LEFT JOIN removed_issues AS r ON r.id = e.issue_id
    LEFT JOIN projects AS p ON p.id = e.project_id
    WHERE e."timestamp" >= $until::TIMESTAMP - to_days($days::INTEGER) AND e."timestamp" < $until::TIMESTAMP
      AND (r.id IS NULL OR r.merged_into IS NOT NULL)
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR e.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR coalesce(e.environment, '') = $environment)
      AND e.project_id NOT IN (SELECT id FROM removed_projects)
),
totals AS (
    SELECT project_id, count(DISTINCT user_key) AS users FROM chosen GROUP BY project_id
),
counted AS (
    SELECT
        project_id, issue_id, count(DISTINCT user_key) AS users, count(*) AS events,
        count(*) - count(user_key) AS without_user, max("timestamp") AS last_event
    FROM chosen
    GROUP BY project_id, issue_id
),
known_time AS (
    SELECT
        scope,
        sum(greatest(0, epoch_us(least("end", $until::TIMESTAMP))
            - epoch_us(greatest(start, $until::TIMESTAMP - to_days($days::INTEGER))))) / ($days * 86400e6) AS covered
    FROM coverage
    WHERE resource = 'events'
    GROUP BY scope
)
SELECT
    c.issue_id,
    i.short_id,
    coalesce(p.slug, c.project_id) AS project,
    i.title,
    i.status,
    c.users,
    CASE WHEN a.users > 0 THEN c.users / a.users END AS share,
    c.events,
    c.without_user,
    i.user_count AS users_ever,
    c.last_event,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || c.project_id)
    ), 0) AS covered
FROM counted AS c
JOIN totals AS a ON a.project_id = c.project_id
LEFT JOIN issues AS i ON i.id = c.issue_id
LEFT JOIN projects AS p ON p.id = c.project_id
ORDER BY c.users DESC, c.events DESC, c.issue_id
LIMIT $top::BIGINT
