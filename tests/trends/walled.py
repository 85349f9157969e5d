"""A process behind the kernel's walls, in which a statement has passed every other one: prints what it could do."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from sentry_sync.trends import walls

FOLDER, OUTSIDE = Path(sys.argv[1]), Path(sys.argv[2])
PART = FOLDER / "part.parquet"


def attempt(what: Callable[[], object]) -> str:
    try:
        return f"done: {what()}"
    except (OSError, duckdb.Error, MemoryError) as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    walls.limit(300_000_000, 20.0)
    walls.write_nothing()
    locked = walls.landlock([FOLDER, *walls.program_folders()])
    with duckdb.connect(config={"threads": "2", "memory_limit": "200MB"}) as session:
        run = session.execute
        tried = {
            "read the part": attempt(lambda: run(f"SELECT sum(a) FROM '{PART}'").fetchone()),
            "read outside": attempt(lambda: run(f"SELECT * FROM read_text('{OUTSIDE}/secret')").fetchone()),
            "read a system file": attempt(lambda: run("SELECT * FROM read_text('/etc/passwd')").fetchone()),
            "overwrite the part": attempt(
                lambda: run(f"COPY (SELECT 1) TO '{PART}' (FORMAT csv, USE_TMP_FILE false)").fetchone()
            ),
            "write beside it": attempt(lambda: run(f"COPY (SELECT 1) TO '{FOLDER}/new.csv'").fetchone()),
            "write outside": attempt(lambda: run(f"COPY (SELECT 1) TO '{OUTSIDE}/new.csv'").fetchone()),
            "attach a new database": attempt(lambda: run(f"ATTACH '{FOLDER}/new.db'").fetchone()),
            "remove the part": attempt(PART.unlink),
            "empty the part": attempt(lambda: os.truncate(PART, 0)),
            "write through Python": attempt(lambda: (OUTSIDE / "new").write_text("x")),
            "connect": attempt(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[3])), 1)),
            "listen": attempt(lambda: socket.create_server(("127.0.0.1", 0))),
            "kill the parent": attempt(lambda: os.kill(os.getppid(), signal.SIGTERM)),
            "a text of 2 GB": attempt(lambda: run("SELECT length(repeat('x', 2000000000))").fetchone()),
            "a list of 2 billion": attempt(lambda: run("SELECT len(range(2000000000))").fetchone()),
        }
    sys.stdout.write(json.dumps({"locked": locked, "tried": tried}))


if __name__ == "__main__":
    main()
