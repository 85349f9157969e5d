"""The releases of the week and what they did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Block, Cell, Column, Paragraph, Points, Table, quoted
from sentry_sync.answers.report.material import Judged, Material

NONE = "No release of this week is known."


def releases(material: Material, project: str | None) -> Iterator[Block]:
    """The verdict on each release, of one project or of those told in full; the reasons only for one project."""
    found = [
        (slug, one) for slug, judged in material.verdicts.items() if project in (None, slug) for one in judged
    ]
    if not found:
        yield Paragraph(NONE)
        return
    left_out = sum(many for slug, many in material.unjudged.items() if project in (None, slug))
    yield Table(
        "Releases of the week and their verdicts",
        (
            *([Column("project")] if project is None else []),
            Column("release"),
            Column("released"),
            Column("verdict"),
            Column("errors, times the baseline's", number=True),
            Column("crash-free", number=True),
            Column("adoption", number=True),
        ),
        tuple((*([quoted(slug)] if project is None else []), *_row(one)) for slug, one in found),
        f"{wording.many(left_out, 'older release')} of the week got no verdict." if left_out else "",
    )
    if project is not None:
        yield from _reasons(found)


def _row(one: Judged) -> tuple[Cell, ...]:
    rows = one.found.rows
    if rows["verdict"] is None:
        return quoted(one.version), wording.moment(one.released_at), "not known", *(wording.NONE,) * 3
    return (
        quoted(one.version),
        wording.moment(one.released_at),
        rows["verdict"] + ("" if one.found.facts.complete else " (of what is known)"),
        _ratio(rows["errors"]),
        wording.share(rows["crash_free_sessions"]["candidate"]),
        wording.share(rows["release"]["adoption"], 0),
    )


def _ratio(errors: dict[str, Any]) -> str:
    """The ratio and between what it surely lies."""
    if errors["ratio"] is None:
        return wording.NONE
    high = "more" if errors["high"] is None else f"{errors['high']:.2f}"
    return f"{errors['ratio']:.2f} ({errors['low'] or 0:.2f} to {high})"


def _reasons(found: list[tuple[str, Judged]]) -> Iterator[Block]:
    """Why, in the verdict's own sentences, which quote nothing."""
    said = [
        f"{number}. of these releases, {one.found.rows['verdict']}: {reason}."
        for number, (_, one) in enumerate(found, start=1)
        if one.found.rows["verdict"] in ("watch", "regressed", "roll back")
        for reason in one.found.rows["because"]
    ]
    if said:
        yield Points(tuple(said))
