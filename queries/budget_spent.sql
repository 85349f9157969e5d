-- name: budget_spent
-- title: Requests spent
-- description: Which endpoints the requests to Sentry went to, for the sync and for questions (lane live). The
-- description: ledger remembers a day, so a longer time gives no more.
-- param: hours positive = 24  how many hours
-- param: until timestamp = now  requests sent before this time
-- returns: endpoint varchar  the endpoint's name
-- returns: lane varchar  who asked: live for a question, another for the sync
-- returns: requests bigint  how many requests
-- returns: share double  of all in this time, from 0 to 1
-- returns: refused bigint  how many Sentry refused for their rate (status 429)
-- returns: failed bigint  how many failed otherwise (status from 400 on, or no answer)
-- returns: busiest_minute bigint  the most in one minute by the clock
-- returns: mean_ms double  the mean time to an answer
-- returns: first_at timestamp  the first of them
-- returns: last_at timestamp  the last of them
WITH chosen AS (
    SELECT *, count(*) OVER (PARTITION BY endpoint, lane, date_trunc('minute', "at")) AS in_minute
    FROM requests
    WHERE "at" >= $until::TIMESTAMP - to_hours($hours::BIGINT) AND "at" <= $until::TIMESTAMP
)
SELECT
    endpoint,
    lane,
    count(*) AS requests,
    count(*) / sum(count(*)) OVER () AS share,
    count(*) FILTER (WHERE status = 429) AS refused,
    count(*) FILTER (WHERE status >= 400 AND status <> 429 OR status IS NULL AND finished_at IS NOT NULL) AS failed,
    max(in_minute) AS busiest_minute,
    avg(epoch_us(finished_at) - epoch_us("at")) / 1000 AS mean_ms,
    min("at") AS first_at,
    max("at") AS last_at
FROM chosen
GROUP BY endpoint, lane
ORDER BY requests DESC, endpoint, lane
