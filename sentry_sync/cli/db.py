"""``sentry-sync db``: the schema of the local database."""

from __future__ import annotations

from sentry_sync.cli import output
from sentry_sync.cli.connect import connection_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreMissing
from sentry_sync.records.clock import SystemClock
from sentry_sync.store import migrate, soundness
from sentry_sync.store import rebuild as rebuilding
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store


def upgrade(settings: Settings, *, as_json: bool) -> None:
    """Create or migrate the store and say what it was and is."""
    store = Store(settings.store)
    before = migrate.current(store.paths.database)
    store.prepare()
    if as_json:
        output.document({"store": settings.store, "before": before, "after": migrate.HEAD})
    elif before == migrate.HEAD:
        output.line(f"{settings.store}: schema {before} already")
    else:
        output.line(f"{settings.store}: schema {before or 'none'} -> {migrate.HEAD}")


def current(settings: Settings, *, as_json: bool) -> None:
    """Say the store's schema version and the program's."""
    paths = _present(settings)
    version = migrate.current(paths.database)
    if as_json:
        output.document({"store": settings.store, "schema": version, "wanted": migrate.HEAD})
    else:
        note = (
            "" if version == migrate.HEAD else f"; this program wants {migrate.HEAD}: run `sentry-sync db upgrade`"
        )
        output.line(f"{settings.store}: schema {version or 'none'}{note}")


def check(settings: Settings, *, as_json: bool) -> None:
    """Say that the store is whole; raises StoreError when it is not."""
    paths = _present(settings)
    soundness.check(paths.database)
    if as_json:
        output.document({"store": settings.store, "schema": migrate.HEAD, "ok": True})
    else:
        output.line(f"{settings.store}: schema {migrate.HEAD}, sound")


def rebuild(settings: Settings, *, force: bool, as_json: bool) -> None:
    """Begin a damaged store anew and say what was saved; raises StoreError when there is no need to."""

    def origin() -> tuple[str, str]:
        organization = settings.organization
        return connection_of(settings).base_url, organization

    done = rebuilding.rebuild(StorePaths(settings.store), SystemClock(), origin, force=force)
    if as_json:
        saved = {part.table: {"rows": part.rows, "holes": part.holes} for part in done.saved}
        output.document({"store": settings.store, "aside": done.aside, "saved": saved, "assumed": done.assumed})
        return
    output.table(
        ("TABLE", "ROWS SAVED", "PLACES LOST"),
        [[part.table, part.rows, part.holes] for part in done.saved if part.rows or part.holes],
    )
    if done.assumed:
        base_url, organization = done.assumed
        output.warn(
            f"warning: whose copy it was is lost; by your settings it is that of {organization} at {base_url}"
        )
    output.line(f"the damaged file is kept as {done.aside}: delete it once you miss nothing")
    output.line("run `sentry-sync sync` to fetch what Sentry still has")


def _present(settings: Settings) -> StorePaths:
    paths = StorePaths(settings.store)
    if not paths.database.exists():
        raise StoreMissing(f"there is no store at {settings.store} yet: run `sentry-sync sync` first")
    return paths
