"""Writes the pages that are made from the code, so that they cannot say anything else.

``python -m docs.generate`` writes them; with ``--check`` it changes nothing and fails if one is out of date. A
test runs the latter.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs import cli, mcp, queries, schema, search, serve, settings, tools

ROOT = Path(__file__).parent.parent

BANNER = "<!-- Made by `make docs` from the code: change that, not this. -->\n\n"

SQL_BANNER = "-- Made by `make docs` from the migrations: change those, not this.\n\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Each generated page and what it should hold."""
    for name, lines in (
        ("cli.md", cli.page()),
        ("settings.md", settings.page()),
        ("schema.md", schema.page()),
        ("queries.md", queries.page()),
        ("tools.md", tools.page()),
        ("mcp.md", mcp.page()),
        ("search.md", search.page()),
        ("serve.md", serve.page()),
    ):
        yield ROOT / "docs" / name, BANNER + "\n".join(lines).rstrip() + "\n"
    yield ROOT / "migrations" / "schema.sql", SQL_BANNER + "".join(schema.script()).rstrip() + "\n"
    readme = ROOT / "README.md"
    yield readme, filled(readme.read_text(encoding="utf-8"), "settings", settings.table())


def filled(text: str, name: str, lines: Iterable[str]) -> str:
    """``text`` with ``lines`` between its markers ``<!-- name -->`` and ``<!-- /name -->``."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, marker, rest = text.partition(start)
    _, closing, after = rest.partition(end)
    if not marker or not closing:
        raise SystemExit(f"README.md lacks the markers {start.strip()} and {end.strip()}")
    return before + start + "\n".join(lines) + "\n" + end + after


def main(arguments: list[str]) -> int:
    """Write or check all pages; the exit code."""
    made = dict(pages())
    stale = [path for path in made if not path.exists() or path.read_text(encoding="utf-8") != made[path]]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run `make docs`\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path], encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
