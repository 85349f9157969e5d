"""Which project a question is about: by slug or id, from the store, else from Sentry's list once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.misses import Miss
from sentry_sync.errors import QuestionError
from sentry_sync.store.reads import knowledge, projects
from sentry_sync.sync.plan import stale_after

SLUG = 100
"""Characters of a name that an error repeats: Sentry's longest slug."""

NEAREST = 5


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the store knows it."""

    id: str
    slug: str
    notes: tuple[str, ...] = ()

    def shown(self) -> dict[str, str]:
        """How an answer names it."""
        return {"id": self.id, "slug": untrusted.line(self.slug, SLUG)}


def locate(view: View, name: str) -> Project | None:
    """The project ``name`` stands for; None where it may be one that only Sentry knows.

    Raises QuestionError, naming the nearest slugs, once Sentry's own list has been looked at, or cannot be.
    """
    row = projects.find(view.snapshot, name.strip())
    if row is not None:
        gone = () if row.removed_at is None else ("this project was removed from Sentry",)
        return Project(row.id, row.slug, gone)
    if "projects" in view.learned or (view.refused and _listed(view)):
        raise QuestionError(_unknown(name, list(projects.ids_by_slug(view.snapshot)), asked=not view.refused))
    return None


def not_located(view: View, resource: str, empty: dict[str, Any]) -> Found:
    """What to answer until the project is known."""
    from sentry_sync.answers.fetching.projects import list_projects

    facts = Facts(as_of=None, complete=False, stale_after=stale_after(resource))
    miss = Miss.UNKNOWN_ID if _listed(view) else Miss.NEVER_SYNCED
    return Found(empty, facts, miss, Step("projects", list_projects))


def _listed(view: View) -> bool:
    return knowledge.read(view.snapshot, ("projects",), ()).as_of("projects") is not None


def _unknown(name: str, slugs: list[str], *, asked: bool) -> str:
    from difflib import get_close_matches

    said = name.strip().lower()
    near = get_close_matches(said, slugs, NEAREST, 0.5) or [slug for slug in slugs if said in slug]
    shown = ", ".join(untrusted.line(slug, SLUG) for slug in (near or slugs)[:NEAREST]) or "none"
    there = f"did you mean {shown}?" if near else f"there are {shown}."
    where = "Sentry has no such project" if asked else "the store has no such project and Sentry was not asked"
    return f"unknown project {untrusted.line(name, SLUG)!r}: {where}; {there} get-projects lists them all"
