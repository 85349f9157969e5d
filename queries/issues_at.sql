-- name: issues_at
-- title: Issues as they were at a time
-- description: Which issues there were at a past time and how they were then, from the looks that were had at them.
-- description: Issues that are gone by now are among them. What may have been otherwise has certain = false; what
-- description: changed and changed back between two looks is not known.
-- param: time timestamp = now  the moment; a date alone is its midnight in UTC
-- param: project project = null  one project, by slug or id; all when null
-- param: status unresolved|resolved|ignored = null  that had this status, or may have had it; all when null
-- returns: issue_id varchar  Sentry's id of the issue
-- returns: short_id varchar  what people call it
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: title varchar  the issue's title, as it is now
-- returns: known boolean  whether it had been looked at by then; if not, it may have been there, and how is not known
-- returns: certain boolean  whether the looks before and after saw the same, and there was one after
-- returns: status varchar  unresolved, resolved or ignored, as the look before saw it
-- returns: or_status varchar  what the look after saw, where the status changed in between
-- returns: substatus varchar  as the look before saw it
-- returns: priority varchar  as the look before saw it
-- returns: level varchar  as the look before saw it
-- returns: assigned_to varchar  as the look before saw it
-- returns: count bigint  events in the issue's life until then, as the look before saw it
-- returns: or_count bigint  what the look after saw, where that differs; it may have been anything in between
-- returns: uncertain varchar  the fields that changed in between, removed_as if it may have been gone by then
-- returns: removed_as varchar  deleted or merged, if it is gone by now
-- returns: known_since timestamp  the first look at it
-- returns: verified_at timestamp  the last look at it
WITH held AS (
    SELECT
        id, short_id, project_id, title, status, substatus, priority, level, assigned_to, "count",
        first_seen, last_seen, known_since, verified_at, removed_as
    FROM issues
    UNION ALL
    SELECT
        id, short_id, project_id, title, status, substatus, priority, level, assigned_to, "count",
        first_seen, last_seen, known_since, verified_at, removed_as
    FROM removed_issues
),
changes AS (
    -- The first change seen after the moment tells how a field was: what it changed from.
    SELECT issue_id, field, "old", "new", "after" < $time::TIMESTAMP AS in_between
    FROM issue_history
    WHERE "at" > $time::TIMESTAMP AND field NOT IN ('assigned_type', 'assigned_id')
    QUALIFY row_number() OVER (PARTITION BY issue_id, field ORDER BY "at", id) = 1
),
changed AS (
    SELECT
        issue_id,
        list(field) AS fields,
        max("old") FILTER (WHERE field = 'status') AS status,
        max("new") FILTER (WHERE field = 'status' AND in_between) AS or_status,
        max("old") FILTER (WHERE field = 'substatus') AS substatus,
        max("old") FILTER (WHERE field = 'priority') AS priority,
        max("old") FILTER (WHERE field = 'level') AS level,
        max("old") FILTER (WHERE field = 'assigned_to') AS assigned_to,
        max("old") FILTER (WHERE field = 'count')::BIGINT AS "count",
        max("new") FILTER (WHERE field = 'count' AND in_between)::BIGINT AS or_count,
        max("old") FILTER (WHERE field = 'removed_as') AS removed_as,
        bool_or(field = 'removed_as' AND in_between AND "new" IS NULL) AS or_there,
        string_agg(field, ', ' ORDER BY field) FILTER (WHERE in_between) AS uncertain
    FROM changes
    GROUP BY issue_id
),
judged AS (
    SELECT
        i.id, i.short_id, i.project_id, i.title, i.last_seen, i.known_since, i.verified_at, i.removed_as,
        k.id IS NOT NULL AS known,
        CASE WHEN list_contains(c.fields, 'status') THEN c.status ELSE k.status END AS status,
        c.or_status,
        CASE WHEN list_contains(c.fields, 'substatus') THEN c.substatus ELSE k.substatus END AS substatus,
        CASE WHEN list_contains(c.fields, 'priority') THEN c.priority ELSE k.priority END AS priority,
        CASE WHEN list_contains(c.fields, 'level') THEN c.level ELSE k.level END AS level,
        CASE WHEN list_contains(c.fields, 'assigned_to') THEN c.assigned_to ELSE k.assigned_to END AS assigned_to,
        CASE WHEN list_contains(c.fields, 'count') THEN c."count" ELSE k."count" END AS "count",
        c.or_count,
        c.uncertain,
        CASE WHEN list_contains(c.fields, 'removed_as') THEN c.removed_as ELSE k.removed_as END IS NULL
            OR c.or_there AS there
    FROM held AS i
    LEFT JOIN held AS k ON k.id = i.id AND k.known_since <= $time::TIMESTAMP
    LEFT JOIN changed AS c ON c.issue_id = k.id
    WHERE k.id IS NOT NULL OR i.first_seen IS NULL OR i.first_seen <= $time::TIMESTAMP
)
SELECT
    j.id AS issue_id,
    j.short_id,
    coalesce(p.slug, j.project_id) AS project,
    j.title,
    j.known,
    j.known AND j.uncertain IS NULL AND j.verified_at >= $time::TIMESTAMP AS certain,
    j.status,
    j.or_status,
    j.substatus,
    j.priority,
    j.level,
    j.assigned_to,
    j."count",
    j.or_count,
    j.uncertain,
    j.removed_as,
    j.known_since,
    j.verified_at
FROM judged AS j
LEFT JOIN projects AS p ON p.id = j.project_id
WHERE j.there
  AND ($status::VARCHAR IS NULL OR NOT j.known OR j.status = $status OR j.or_status = $status)
  AND ($project::VARCHAR IS NULL OR p.slug = $project OR j.project_id = $project)
  AND j.project_id NOT IN (SELECT id FROM removed_projects)
ORDER BY j.known DESC, j.last_seen DESC NULLS LAST, TRY_CAST(j.id AS BIGINT) DESC
