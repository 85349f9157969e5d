"""A store that was damaged and begun anew is filled again by the next sync, and what only it knew is still there."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from sentry_sync.store import tables
from sentry_sync.store.rebuild import rebuild
from tests.support.damage import break_pages, leaves
from tests.support.rig import Rig


def test_a_rebuilt_store_is_made_whole_by_a_sync_and_keeps_what_it_saw(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.sync("projects", "issues", "events")
    deleted, resolved, *_ = sorted(
        issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved"
    )
    rig.sim.mutate.delete(deleted)
    rig.sim.mutate.resolve(resolved)
    rig.advance(3_600)
    rig.syncer().run(["issues"], full=True)
    history = set(rig.rows(select(tables.issue_history.c.issue_id, tables.issue_history.c.field)))
    rig.store.close()
    file = rig.store.paths.database
    break_pages(file, [*leaves(file, "issues")[1:3], *leaves(file, "events")[:2]])

    rebuild(rig.store.paths, rig.clock, lambda: ("http://127.0.0.1", "acme"))
    assert rig.coverage("issues") == rig.coverage("events") == []
    assert rig.sync("projects", "issues", "events").ok
    held = {row.id: row.status for row in rig.rows(tables.issues) if row.removed_at is None}
    assert held == {issue.id: issue.status for issue in rig.sim.world.issues.values()}
    assert history <= set(rig.rows(select(tables.issue_history.c.issue_id, tables.issue_history.c.field)))
    assert (deleted, "removed_as") in history
    assert (resolved, "status") in history
    rig.close()
