-- name: coverage_gaps
-- title: Coverage gaps
-- description: Time that the store does not know whole, of each resource it has begun to know: between what is known,
-- description: and from there until now. A scope's gap may be known by the whole organization's scope (empty).
-- param: resource text = null  one resource, such as error_counts; all when null
-- param: longer_than_minutes number = 60  only gaps longer than this
-- param: until timestamp = now  the moment at which the last gap ends
-- returns: resource varchar  the resource
-- returns: scope varchar  what of it; empty for the whole organization
-- returns: gap_start timestamp  where the gap starts
-- returns: gap_end timestamp  where it ends
-- returns: hours double  how long it is
-- returns: kind varchar  between two known times, or newest: not known yet
-- returns: known_from timestamp  the first moment known of the resource and scope
WITH known AS (
    SELECT
        resource, scope, start, "end",
        min(start) OVER (PARTITION BY resource, scope) AS known_from,
        max("end") OVER (
            PARTITION BY resource, scope ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS known_until
    FROM coverage
    WHERE ($resource::VARCHAR IS NULL OR resource = $resource) AND start < $until::TIMESTAMP
),
found AS (
    SELECT resource, scope, known_until AS gap_start, start AS gap_end, 'between' AS kind, known_from
    FROM known
    WHERE start > known_until
    UNION ALL
    SELECT resource, scope, max("end"), $until::TIMESTAMP, 'newest', any_value(known_from)
    FROM known
    GROUP BY resource, scope
    HAVING max("end") < $until::TIMESTAMP
)
SELECT
    resource,
    scope,
    gap_start,
    gap_end,
    (epoch_us(gap_end) - epoch_us(gap_start)) / 3600e6 AS hours,
    kind,
    known_from
FROM found
WHERE (epoch_us(gap_end) - epoch_us(gap_start)) / 60e6 > $longer_than_minutes::DOUBLE
ORDER BY hours DESC, resource, scope, gap_start
