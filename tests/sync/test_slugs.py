"""A project that is renamed while its rows are read: the rows name it by a slug that nobody knew."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from tests.support.rig import Rig

SIZE = WorldSize(projects=2, issues=10, events_per_day=40, releases=2, days=2)


def rename_at_spans(rig: Rig) -> str:
    """The id of the project that is renamed when transactions are first asked for."""
    project = rig.sim.world.projects[0]

    def before(request: httpx.Request) -> None:
        if "dataset=spans" in str(request.url) and project.slug != "renamed":
            rig.sim.mutate.rename_project(project.slug, "renamed")

    rig.before = before
    return str(project.id)


def test_its_rows_are_kept_and_the_projects_are_listed_once_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=SIZE)
    project = rename_at_spans(rig)
    assert rig.sync("projects", "performance").ok
    assert project in {row.project_id for row in rig.rows(tables.transaction_stats)}
    assert [row.rejected for row in rig.rows(tables.passes) if row.rejected] == []
    by_stream = rig.asked("/organizations/acme/projects/")
    assert by_stream <= 1 + len({row.stream for row in rig.rows(tables.passes)})
    rig.close()


@pytest.mark.parametrize("status", [400, 404, 410, 504])
def test_a_list_that_fails_says_nothing_of_the_rows(tmp_path: Path, status: int) -> None:
    rig = Rig(tmp_path, size=SIZE)
    rename_at_spans(rig)
    renames = rig.before

    def before(request: httpx.Request) -> None:
        renames(request)
        if "dataset=spans" in str(request.url):
            rig.sim.faults.clear()
            rig.sim.faults.add("/organizations/acme/projects/", "status", times=20, status=status)

    rig.before = before
    assert not rig.sync("projects", "performance").ok
    failed = [row for row in rig.passes("transactions") if row.state == "failed"]
    assert failed
    assert "the projects could not be listed anew" in failed[-1].error
    assert not rig.coverage("transactions")
    rig.sim.faults.clear()
    rig.before = lambda request: None
    rig.advance(60)
    assert rig.sync("projects", "performance").ok
    assert rig.coverage("transactions")
    rig.close()


def test_a_project_that_no_list_has_is_set_aside_and_asked_for_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=SIZE)
    rig.after = lambda body: body.replace(
        b'"project":"' + rig.sim.world.projects[0].slug.encode(), b'"project":"ghost'
    )
    assert rig.sync("projects", "performance").ok
    ghosts = [row for row in rig.passes("transactions") if row.rejected]
    assert ghosts
    listed = rig.asked("/organizations/acme/projects/")
    assert 1 < listed <= 1 + len({row.stream for row in rig.rows(tables.passes)})
    rig.close()


@pytest.mark.parametrize("resource", ["events", "issues"])
def test_what_names_projects_by_their_id_lists_nothing_more(tmp_path: Path, resource: str) -> None:
    rig = Rig(tmp_path, size=SIZE)
    assert rig.sync("projects", resource).ok
    assert rig.asked("/organizations/acme/projects/") == 1
    rig.close()
