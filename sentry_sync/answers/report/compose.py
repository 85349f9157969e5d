"""The report laid out: what stands where."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Report, Section
from sentry_sync.answers.report.issues import spikes, tables
from sentry_sync.answers.report.material import Material
from sentry_sync.answers.report.missing import freshness, missing
from sentry_sync.answers.report.overview import overview
from sentry_sync.answers.report.performance import performance
from sentry_sync.answers.report.projects import project
from sentry_sync.answers.report.releases import releases

ROWS = 10
"""Rows of the organization's lists: what a meeting gets through."""


def composed(material: Material) -> Report:
    """The whole report."""
    week = material.week
    return Report(
        f"Sentry report, {week.name}",
        (
            f"{_whose(material)}, {week.days} (UTC), beside the seven days before.",
            f"Made {wording.moment(material.now)} UTC from the local copy. Nothing was asked of Sentry.",
        ),
        missing(material),
        (*_sections(material), freshness(material)),
    )


def _whose(material: Material) -> str:
    organization = material.organization or "An organization without a name"
    server = f" at {material.base_url}" if material.base_url else ""
    return f"{organization}{server}"


def _sections(material: Material) -> Iterator[Section]:
    if material.project is not None:
        yield project(material, material.project)
        return
    yield overview(material)
    yield Section("Issues", (*tables(material, None, ROWS), *spikes(material, None, ROWS)))
    yield Section("Releases", tuple(releases(material, None)))
    yield Section("Performance", tuple(performance(material, None, ROWS)))
    for slug in material.health:
        yield project(material, slug)
