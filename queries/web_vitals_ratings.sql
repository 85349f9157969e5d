-- name: web_vitals_ratings
-- title: Web vitals against their thresholds
-- description: How many hours each page's vitals were good, to be improved or poor, by the thresholds of web.dev for
-- description: the 75th percentile: LCP 2500 and 4000 ms, FCP 1800 and 3000 ms, CLS 0.1 and 0.25, INP 200 and
-- description: 500 ms, TTFB 800 and 1800 ms. Percentiles do not add up, so hours are rated one by one.
-- chart: poor
-- param: project project = null  one project, by slug or id; all when null
-- param: environment text = null  one environment; all when null
-- param: hours positive = 24  how many of the last full hours
-- param: until timestamp = now  hours that ended by this time
-- param: at_least positive = 1  only pages that were loaded so often
-- returns: project varchar  the project's slug; its id where no slug is known
-- returns: page varchar  the transaction's name
-- returns: vital varchar  lcp, fcp, cls, inp or ttfb
-- returns: hours bigint  how many hours have a figure, each environment for itself
-- returns: good bigint  how many of them were good
-- returns: to_improve bigint  how many were between good and poor
-- returns: poor bigint  how many were poor
-- returns: lowest double  the lowest hourly 75th percentile
-- returns: highest double  the highest
-- returns: newest double  the 75th percentile of the newest hour
-- returns: loads hugeint  how often the page was loaded in these hours
-- returns: covered double  the share of these hours, from 0 to 1, that the store knows
WITH bounds AS (
    SELECT
        date_trunc('hour', $until::TIMESTAMP) - to_hours($hours::BIGINT) AS since,
        date_trunc('hour', $until::TIMESTAMP) AS until
),
known_time AS (
    SELECT
        c.scope,
        sum(greatest(0, epoch_us(least(c."end", b.until)) - epoch_us(greatest(c.start, b.since))))
            / ($hours * 3600e6) AS covered
    FROM coverage AS c
    CROSS JOIN bounds AS b
    WHERE c.resource = 'web_vitals'
    GROUP BY c.scope
),
thresholds(vital, good, poor) AS (
    VALUES ('lcp', 2500.0, 4000.0), ('fcp', 1800.0, 3000.0), ('cls', 0.1, 0.25), ('inp', 200.0, 500.0),
        ('ttfb', 800.0, 1800.0)
),
measured AS (
    SELECT
        v.project_id, v."transaction" AS page, v.environment, v.hour, v."count", t.vital, t.good, t.poor,
        CASE t.vital
            WHEN 'lcp' THEN v.lcp WHEN 'fcp' THEN v.fcp WHEN 'cls' THEN v.cls WHEN 'inp' THEN v.inp ELSE v.ttfb
        END AS p75
    FROM web_vitals AS v
    CROSS JOIN bounds AS b
    CROSS JOIN thresholds AS t
    LEFT JOIN projects AS p ON p.id = v.project_id
    WHERE v.hour >= b.since AND v.hour < b.until
      AND ($project::VARCHAR IS NULL OR p.slug = $project OR v.project_id = $project)
      AND ($environment::VARCHAR IS NULL OR v.environment = $environment)
      AND v.project_id NOT IN (SELECT id FROM removed_projects)
)
SELECT
    coalesce(any_value(p.slug), m.project_id) AS project,
    m.page,
    m.vital,
    count(*) AS hours,
    count(*) FILTER (WHERE m.p75 <= m.good) AS good,
    count(*) FILTER (WHERE m.p75 > m.good AND m.p75 <= m.poor) AS to_improve,
    count(*) FILTER (WHERE m.p75 > m.poor) AS poor,
    min(m.p75) AS lowest,
    max(m.p75) AS highest,
    arg_max(m.p75, (m.hour, m.environment)) AS newest,
    sum(m."count") AS loads,
    coalesce((
        SELECT max(k.covered) FROM known_time AS k WHERE k.scope IN ('', 'project:' || m.project_id)
    ), 0) AS covered
FROM measured AS m
LEFT JOIN projects AS p ON p.id = m.project_id
WHERE m.p75 IS NOT NULL
GROUP BY m.project_id, m.page, m.vital
HAVING sum(m."count") >= $at_least::BIGINT
ORDER BY count(*) FILTER (WHERE m.p75 > m.poor) / count(*) DESC, max(m.p75) / any_value(m.poor) DESC, project,
    m.page, m.vital
