"""``sentry-sync erase``, ``scrub``, ``prune``, and ``export --user``: what the copy holds of persons."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from sentry_sync.cli import output
from sentry_sync.cli.auditing import noted
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import SettingsError, StoreMissing
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.privacy import beside, person_export
from sentry_sync.store.privacy.erase import erase as erase_person
from sentry_sync.store.privacy.erased import Identity
from sentry_sync.store.privacy.finding import Names, identity
from sentry_sync.store.privacy.rewriting import rewrite
from sentry_sync.store.privacy.vacuum import alone, vacuum
from sentry_sync.store.store import Store


def erase(
    settings: Settings, users: Sequence[str], *, yes: bool, as_json: bool, clock: Clock | None = None
) -> None:
    """Erase a person, or say what would be erased; raises QuestionError and StoreError."""
    clock, given = clock or SystemClock(), _given(users)
    with closing(_present(settings, clock)) as store:
        if not yes:
            _preview(store, given, as_json=as_json)
            return
        done = erase_person(store, clock, given, lambda step: None if as_json else output.warn(step))
    noted(settings, "erase", {"names": sum(done.names.values())}, sum(done.rows.values()))
    if as_json:
        output.document({"erased": {"names": done.names, "rows": done.rows, "files": done.files}})
        return
    rows = [[table, count] for table, count in done.rows.items() if count]
    output.table(("TABLE", "ROWS"), rows)
    output.line("erased; the next sync brings nothing of this person back")


def _preview(store: Store, given: Sequence[Identity], *, as_json: bool) -> None:
    names, counts = Names(given, store.scrubber().pseudonyms), Counter[str]()
    with closing(store.read()) as reading, reading.begin():
        beside.look(reading, names)
        counts.update(holding.part for holding in person_export.holdings(reading, names))
    kinds = Counter(kind for kind, _ in names.all.values())
    if as_json:
        output.document({"would_erase": {"names": kinds, **counts}})
        return
    found = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
    output.line(
        f"names: {found}; events: {counts['event']}, bodies: {counts['body']}, mentions: {counts['mention']}"
    )
    output.line("nothing is erased yet: add --yes. It cannot be undone")


def scrub(settings: Settings, *, as_json: bool, clock: Clock | None = None) -> None:
    """Write every row again as today's rules want it."""
    clock = clock or SystemClock()
    with closing(_present(settings, clock)) as store, alone(store, clock):
        scrubber = store.scrubber()
        rows = rewrite(store, clock, lambda erased, kind, row: scrubber.fields(kind, row, erased))
        if sum(rows.values()):
            Lake(store, clock).purge()
            vacuum(store, clock)
    if as_json:
        output.document({"scrubbed": rows})
    else:
        output.table(("TABLE", "ROWS"), [[table, count] for table, count in rows.items()])


def export(
    settings: Settings, target: Path, users: Sequence[str], *, as_json: bool, clock: Clock | None = None
) -> None:
    """Write all that is held of a person into a new file, readable by its owner alone."""
    given = _given(users)
    with closing(_present(settings, clock or SystemClock())) as store:
        names = Names(given, store.scrubber().pseudonyms)
        with closing(store.read()) as reading, reading.begin():
            beside.look(reading, names)
            found: dict[str, list[Any]] = {"event": [], "body": [], "mention": []}
            for holding in person_export.holdings(reading, names):
                found[holding.part].append(holding.what)
    said = {
        "names": [f"{kind}:{value}" for kind, value in names.all.values()],
        "events": found["event"],
        "bodies": found["body"],
        "mentions": found["mention"],
    }
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(said, option=orjson.OPT_INDENT_2))
    except FileExistsError:
        raise SettingsError(f"{target} is there already: an export makes a new one") from None
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror or error}") from None
    noted(settings, "export-user", {"names": len(names.all)}, sum(map(len, found.values())))
    counts = {part: len(of_part) for part, of_part in found.items()}
    if as_json:
        output.document({"wrote": target, **counts})
    else:
        output.line(
            f"wrote {target}: {counts['event']} events, {counts['body']} bodies, {counts['mention']} mentions"
        )


def _given(users: Sequence[str]) -> list[Identity]:
    """The names given, each line of stdin for ``-``: arguments can be read by other users of the machine."""
    texts = [line for text in users for line in (sys.stdin.read().splitlines() if text == "-" else [text])]
    return [identity(text) for text in texts if text.strip()]


def _present(settings: Settings, clock: Clock) -> Store:
    store = store_of(settings, clock)
    if not store.paths.database.exists():
        raise StoreMissing(f"there is no store at {settings.store} yet: run `sentry-sync sync` first")
    return store
