"""The yardstick of the first sync: http.client to sqlite3, a page a transaction, and nothing else.

It keeps what the sync keeps, as a script of anyone's own would: the fields as columns, and each row's JSON.

Usage: python -m benchmarks.plain_loop URL DATABASE. Prints the seconds it took and the rows it wrote.
"""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from benchmarks.harness import ORGANIZATION, TOKEN

COLUMNS = (
    *("id", "project", "shortId", "title", "culprit", "type", "issueType", "issueCategory", "level", "platform"),
    *("logger", "status", "substatus", "priority", "isUnhandled", "firstSeen", "lastSeen", "count", "userCount"),
    *("assignedTo", "permalink", "numComments"),
)


def main(url: str, database: str) -> None:
    """Copy every issue of the last 90 days."""
    parts = urlsplit(url)
    server = http.client.HTTPConnection(parts.hostname or "", parts.port)
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=NORMAL")
    store.execute(f"CREATE TABLE issues ({', '.join(COLUMNS)}, raw, PRIMARY KEY (id))")
    store.execute("CREATE TABLE cursor (value)")
    # The same requests as the sync's, its window pinned to now: neither gets pages the simulator has kept.
    end = datetime.now(UTC)
    window = f"start={_iso(end - timedelta(days=90))}&end={_iso(end)}&collapse=filtered&groupStatsPeriod="
    path = f"/api/0/organizations/{ORGANIZATION}/issues/?query=&sort=date&project=-1&limit=100&{window}"
    started, cursor, rows = time.perf_counter(), "", 0
    while True:
        target = f"{path}&cursor={quote(cursor)}" if cursor else path
        server.request("GET", target, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = server.getresponse()
        page = json.loads(answer.read())
        found = re.search(r'rel="next"; results="true"; cursor="([^"]+)"', answer.headers["Link"] or "")
        store.execute("BEGIN")
        store.executemany(
            f"INSERT OR REPLACE INTO issues VALUES ({', '.join('?' * (len(COLUMNS) + 1))})",
            [(*(_text(row[name]) for name in COLUMNS), json.dumps(row)) for row in page],
        )
        store.execute("DELETE FROM cursor")
        store.execute("INSERT INTO cursor VALUES (?)", (found[1] if found else None,))
        store.execute("COMMIT")
        rows += len(page)
        if not found:
            break
        cursor = found[1]
    print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))


def _iso(moment: datetime) -> str:
    return quote(moment.isoformat().replace("+00:00", "Z"))


def _text(value: object) -> object:
    return value.get("id") if isinstance(value, dict) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
