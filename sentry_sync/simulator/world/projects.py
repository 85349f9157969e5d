"""The organization's projects: platforms, environments, teams."""

from __future__ import annotations

from dataclasses import dataclass, field

from sentry_sync.simulator.identifiers import PROJECT_BASE
from sentry_sync.simulator.moments import DAY, HOUR

from .people import TEAMS, Team

# (slug, SDK platform as the project says it, platform its events say, index of the team).
_TEMPLATES = (
    ("web-storefront", "javascript-react", "javascript", 1),
    ("checkout-api", "python-django", "python", 0),
    ("shop-android", "android", "android", 2),
    ("payments", "java-spring-boot", "java", 0),
    ("data-worker", "python-celery", "python", 0),
    ("gateway", "go", "go", 0),
    ("shop-ios", "apple-ios", "cocoa", 2),
    ("node-bff", "node-express", "node", 1),
    ("backoffice", "ruby-rails", "ruby", 0),
    ("legacy-portal", "php-laravel", "php", 1),
)
# An old, quiet name first in the alphabet of traps: a space, a slash and a non-ASCII letter, as users really have.
_ENVIRONMENTS = ("production", "staging", "development", "canary eu/west", "préproduction")
_NATIVE = {"javascript", "android", "cocoa"}


@dataclass(slots=True)
class Project:
    """A project. Only `slug` changes in its life (a rename)."""

    number: int
    id: str
    slug: str
    name: str
    platform: str
    event_platform: str
    team: Team
    environments: tuple[str, ...]
    environment_weights: tuple[float, ...]
    created: int
    resolve_age: int
    """Seconds after which an untouched issue is shown as resolved; 0 is never."""
    next_short: int = 0
    former_slugs: list[str] = field(default_factory=list)

    @property
    def has_sessions(self) -> bool:
        """Whether its SDK reports release health."""
        return self.event_platform in _NATIVE or self.number % 2 == 1


def make_projects(count: int, start: int) -> list[Project]:
    """That many projects of a world whose history begins at `start`."""
    projects = []
    for number in range(count):
        slug, platform, event_platform, team = _TEMPLATES[number % len(_TEMPLATES)]
        round_ = number // len(_TEMPLATES)
        environments = _ENVIRONMENTS[: 3 if number % 3 else 2]
        if number % 5 == 1:
            environments = (*environments, _ENVIRONMENTS[3])
        if number % 5 == 3:
            environments = (*environments, _ENVIRONMENTS[4])
        name = slug if not round_ else f"{slug}-{round_ + 1}"
        projects.append(
            Project(
                number=number,
                id=str(PROJECT_BASE + number),
                slug=name,
                name=name.replace("-", " ").title(),
                platform=platform,
                event_platform=event_platform,
                team=TEAMS[team],
                environments=environments,
                environment_weights=(0.8, 0.14, 0.06, 0.04)[: len(environments)],
                created=start - 90 * DAY + number * HOUR,
                resolve_age=7 * DAY if number % 5 == 4 else 0,
            )
        )
    return projects
