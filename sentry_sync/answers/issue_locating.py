"""Which issue a question is about: as the store holds it, else as Sentry knows it."""

from __future__ import annotations

from typing import Any

from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.references import IssueReference
from sentry_sync.answers.warnings import warnings
from sentry_sync.store.reads import issues, knowledge
from sentry_sync.sync.plan import stale_after


def named(view: View, reference: IssueReference) -> Any | None:
    """The issue that was named, as the store holds it, a removed one too."""
    row = None
    if reference.issue_id:
        row = issues.by_id(view.snapshot, reference.issue_id)
    elif reference.short_id:
        row = issues.by_short_id(view.snapshot, reference.short_id)
    if row is None and "issue" in view.learned:
        # Asked by the id of an issue that was merged, Sentry answers with the one it went into.
        row = issues.by_id(view.snapshot, view.learned["issue"].ids[0])
    return row


def unknown_issue(view: View, reference: IssueReference, resource: str, nothing: dict[str, Any]) -> Found:
    """What to answer until the issue is known."""
    from sentry_sync.answers.fetching.events import find_issue

    known = knowledge.read(view.snapshot, ("issues.hot",), ("issues",))
    ever = known.as_of("issues.hot") is not None or bool(known.covered("issues"))
    return Found(
        nothing,
        Facts(None, complete=False, stale_after=stale_after(resource), notes=warnings(known, view)),
        Miss.UNKNOWN_ID if ever else Miss.NEVER_SYNCED,
        Step("issue", lambda live: find_issue(live, reference)),
    )
