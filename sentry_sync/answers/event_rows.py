"""Events and their issue as an answer shows them: what anybody may have written stands under ``untrusted``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.times import shown

TAGS = 50
"""Tags a row shows at most."""


def shown_issue(issue: Any) -> dict[str, Any]:
    """Enough of an issue to know whose events these are."""
    return {
        "id": issue.id,
        "short_id": issue.short_id,
        "project_id": issue.project_id,
        "status": issue.status,
        "level": untrusted.word(issue.level),
        "last_seen": shown(issue.last_seen),
        "verified_at": shown(issue.verified_at),
        "permalink": issue.permalink,
        "untrusted": {"title": untrusted.line(issue.title)},
    }


def shown_event(row: Any, *, of_project: bool = False, with_tags: bool = True) -> dict[str, Any]:
    """An event without its body; of a project's events each says which issue it belongs to."""
    said = untrusted.fields(
        {
            "title": row.title,
            "environment": row.environment,
            "release": row.release,
            "transaction": row.transaction,
            "user": row.user_key,
        }
    )
    if with_tags and row.tags:
        said["tags"] = shown_tags(row.tags)
    return {
        "id": row.event_id,
        **({"issue_id": row.issue_id} if of_project else {}),
        "timestamp": shown(row.timestamp),
        "level": untrusted.word(row.level),
        "platform": untrusted.word(row.platform),
        "untrusted": said,
    }


def shown_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The first tags, and how many there are beside them."""
    found = {untrusted.line(name): untrusted.line(value) for name, value in list(tags.items())[:TAGS]}
    return found | ({"…": f"[{len(tags) - TAGS} more tags]"} if len(tags) > TAGS else {})
