"""The questions that are answered by a verdict: what is asked.

How they are answered, and the statistics behind it, is imported when the first is asked: a server that starts need
not take these 30 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

from sentry_sync.answers.asking import Found, View


@dataclass(frozen=True, slots=True)
class AssessmentQuestion:
    """Whether ``version`` made ``project`` worse than ``baseline``, or than the release before it."""

    project: str
    version: str
    baseline: str | None = None
    environment: str | None = None

    resource = "releases"

    def look(self, view: View) -> Found:
        """The verdict as far as the store knows."""
        from sentry_sync.answers.assessing import assessed

        return assessed(self, view)


@dataclass(frozen=True, slots=True)
class HealthQuestion:
    """How well ``project`` is."""

    project: str

    resource = "events"

    def look(self, view: View) -> Found:
        """Its health as far as the store knows."""
        from sentry_sync.answers.project_health import health_of

        return health_of(self, view)
