"""What ``doctor`` looks at on this machine, and how a finding is told."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from sentry_sync.answers.holdings import ENDS_REST, REINSTALL
from sentry_sync.cli.settings import Settings, default_file
from sentry_sync.cli.settings_file import CONFIG_VARIABLE
from sentry_sync.errors import StoreError
from sentry_sync.records.clock import Clock
from sentry_sync.store import lease, migrate, soundness, tables
from sentry_sync.store.lake_parts import parts
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.moments import from_micros
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.privacy.erase import unfinished
from sentry_sync.store.reading import reading
from sentry_sync.store.reads.hints import hooks
from sentry_sync.store.store import Store

OK, WARN, FAIL, SKIPPED = "ok", "warn", "fail", "skipped"

SMALL_ENOUGH = 2_000_000_000
"""Bytes of a store whose every page is read: 2 GB take some ten seconds."""

LITTLE, TOO_LITTLE = 2_000_000_000, 200_000_000
"""Bytes free: a month of the lake is written beside the old one, and a vacuum needs the store again."""

QUIET = timedelta(days=2)
"""Without a webhook for so long, an organization with errors sends them elsewhere, or not at all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    state: str
    said: str
    todo: str = ""


def settings_file(named: Path | None) -> Finding:
    """Whether others may read, or change, the settings; ``named`` is the file that the command line names."""
    path = named or Path(os.environ.get(CONFIG_VARIABLE) or default_file())
    if not path.exists():
        return Finding("settings file", OK, f"none at {path}: the environment and flags are all there is")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o022:
        return Finding("settings file", FAIL, f"{path} can be changed by others", f"run chmod 600 {path}")
    return Finding("settings file", OK, f"{path}, mode {mode:03o}")


def copy(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """What there is to say of the store, its disk and its lake."""
    paths = StorePaths(settings.store)
    yield disk(paths)
    if not paths.database.exists():
        yield Finding("copy", WARN, f"there is none at {paths.directory} yet", "run `sentry-sync sync`")
        return
    yield private(paths)
    sound = soundness_of(paths)
    yield sound
    if sound.state == FAIL:
        return
    with closing(Store(settings.store, clock)) as store, closing(store.read()) as connection, connection.begin():
        yield kept_up(connection, paths, clock.now())
        yield erasures(store)
        yield lacking(connection)
        yield webhooks(connection, settings, clock.now())
    yield lake(paths)


def disk(paths: StorePaths) -> Finding:
    """Whether there is room to write."""
    place = paths.directory
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    said = f"{free / 1e9:.1f} GB free at {place}"
    if free < TOO_LITTLE:
        return Finding("disk", FAIL, said, "free some space, or choose another disk with SENTRY_SYNC_STORE")
    return Finding("disk", WARN, said, "free some space") if free < LITTLE else Finding("disk", OK, said)


def private(paths: StorePaths) -> Finding:
    """Whether the copy is its owner's alone."""
    open_ones = [
        path
        for path in (paths.directory, paths.database, paths.key, paths.ledger)
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    # Files in a directory that nobody else may enter are nobody else's, whatever their own mode.
    if open_ones and open_ones[0] == paths.directory:
        return Finding(
            "permissions", FAIL, f"others can enter {paths.directory}", f"run chmod 700 {paths.directory}"
        )
    return Finding("permissions", OK, f"{paths.directory} is yours alone")


def soundness_of(paths: StorePaths) -> Finding:
    """Whether the database is whole."""
    size = paths.database.stat().st_size
    try:
        if size > SMALL_ENOUGH:
            migrate.check(paths.database)
            said = f"schema {migrate.HEAD}, {size / 1e9:.1f} GB: its pages were not read"
            return Finding("database", OK, said, "run `sentry-sync db check` to read them all")
        soundness.check(paths.database)
    except StoreError as error:
        return Finding("database", FAIL, str(error), "do as it says")
    return Finding("database", OK, f"schema {migrate.HEAD}, sound, {size / 1e6:.0f} MB")


def kept_up(connection: Connection, paths: StorePaths, now: datetime) -> Finding:
    """Whether somebody keeps the copy up to date."""
    holder = lease.held(lease.read(connection), now, paths)
    newest = connection.execute(select(func.max(tables.marks.c.as_of))).scalar()
    age = "never synced" if newest is None else f"newest data of {newest:%Y-%m-%d %H:%M} UTC"
    rest = holder.resting(now) if holder else None
    if holder and rest:
        said = f"process {holder.process} rests until {rest.until:%Y-%m-%d %H:%M} UTC, since {rest.because}; {age}"
        return Finding("sync", WARN, said, f"mend that, if it is not by now; {ENDS_REST}")
    if holder:
        return Finding("sync", OK, f"process {holder.process} syncs; {age}")
    if newest is not None and now - newest < timedelta(hours=1):
        return Finding("sync", OK, f"nobody syncs just now; {age}")
    return Finding("sync", WARN, f"nobody syncs; {age}", "run `sentry-sync serve` or `daemon`, or sync by cron")


def erasures(store: Store) -> Finding:
    """Whether a person was erased in part only."""
    if unfinished(store):
        todo = "`serve` and `daemon` finish it within a minute or so; without them run `sentry-sync erase --yes`"
        return Finding("erasures", FAIL, "one was begun and is not through", todo)
    return Finding("erasures", OK, "none is unfinished")


def lacking(connection: Connection) -> Finding:
    """What the server was found to lack."""
    found = tables.capabilities.c
    names = connection.execute(select(found.name).where(found.available.is_(False)).order_by(found.name)).scalars()
    missing = ", ".join(names)
    if missing:
        todo = "nothing: other ways are used, and answers name them; `sync` looks again after an upgrade"
        return Finding("capabilities", WARN, f"the server lacks {missing}", todo)
    return Finding("capabilities", OK, "the server has all that was asked of it so far")


def webhooks(connection: Connection, settings: Settings, now: datetime) -> Finding:
    """Whether webhooks are set up and come; whether Sentry could reach us nobody can see from here."""
    secret = getattr(settings, "webhook_secret", None)
    found = hooks(connection)
    if not secret:
        todo = "set SENTRY_SYNC_WEBHOOK_SECRET for changes to be seen in seconds; polling needs none"
        return Finding("webhooks", OK, "not set up", todo)
    if found.uninstalled_at:
        said = f"the integration was uninstalled in Sentry at {found.uninstalled_at:%Y-%m-%d %H:%M} UTC"
        return Finding("webhooks", FAIL, said, REINSTALL)
    if found.last_at is None:
        todo = "see that Sentry's integration has this machine's address and its webhooks are on"
        return Finding("webhooks", WARN, "a secret is set, and none was ever received", todo)
    said = f"last one at {found.last_at:%Y-%m-%d %H:%M} UTC"
    if now - found.last_at > QUIET:
        return Finding("webhooks", WARN, said, "see in Sentry whether deliveries fail")
    return Finding("webhooks", OK, said)


def lake(paths: StorePaths) -> Finding:
    """Whether the lake's files are there and of the size they were."""
    with reading(paths) as connection:
        listed = [part for name in RESOURCES for part in parts(connection, name) if part.file]
    wrong = [
        part.file
        for part in listed
        if not (paths.lake / str(part.file)).exists() or (paths.lake / str(part.file)).stat().st_size != part.size
    ]
    if wrong:
        todo = "the next sync writes them anew, or run `sentry-sync lake rebuild`"
        return Finding("lake", WARN, f"{len(wrong)} of {len(listed)} files are not what was published", todo)
    until = max((part.end for part in listed), default=None)
    return Finding(
        "lake", OK, f"{len(listed)} files" + (f", until {from_micros(until):%Y-%m-%d}" if until else "")
    )
