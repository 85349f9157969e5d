"""Generated searches: keys, values out of a world and near misses, negation, lists, wildcards, dates, windows."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from tests.answers.search_world import Case, Lived

AGES = ("-30m", "-2h", "-24h", "-3d", "-7d", "-20d", "-60d", "+1h", "+24h", "+7d", "+45d", "-200d")
SUBSTATUSES = ("new", "ongoing", "escalating", "regressed", "archived_until_escalating")
ODDITIES = (
    "a OR b",
    "(is:unresolved)",
    "is:[unresolved,ignored]",
    "is:for_review",
    "is:linked",
    "level:",
    "assigned:me",
    "bookmarks:me",
    "has:user",
    "browser.name:Chrome",
    "device.family:*",
    "users_seen:>3",
    "is:sideways",
    "timesSeen:many",
    "lastSeen:whenever",
    "!age:-24h",
    "!timesSeen:>3",
    "one is:unresolved two",
    "ümlaut",
    "f" * 32,
)


class Queries:
    """Cases about one world; the same seed makes the same ones."""

    def __init__(self, lived: Lived, seed: int) -> None:
        self._rnd = Random(f"{lived.name} {seed}")
        world = lived.asking.rig.sim.world
        self._now = lived.now
        self._issues = list(world.issues.values())
        self._projects = world.projects
        self._environments = world.environments
        self._releases = [release.version for release in world.releases.all]

    def case(self) -> Case:
        """The next one."""
        rnd = self._rnd
        project = rnd.choice(self._projects).slug if rnd.random() < 0.7 else None
        since, until = self._window()
        terms = [self._term() for _ in range(rnd.choice((0, 1, 1, 1, 2, 2, 3)))]
        if rnd.random() < 0.2:
            terms.append(self._words())
        return Case(
            " ".join(terms),
            project,
            status=rnd.choice(("unresolved", "resolved", "ignored")) if rnd.random() < 0.15 else None,
            environment=rnd.choice(self._environments) if rnd.random() < 0.2 else None,
            sort=rnd.choice(("date", "date", "date", "frequency", "priority")),
            since=since,
            until=until,
            limit=rnd.choice((1, 3, 10, 25, 100)),
        )

    def _window(self) -> tuple[str | None, str | None]:
        draw = self._rnd.random()
        if draw < 0.65:
            return None, None
        if draw < 0.9:
            return self._rnd.choice(("-2h", "-24h", "-3d", "-14d", "-60d")), None
        return self._rnd.choice(("-30d", "-10d")), self._rnd.choice(("-1h", "-1d", "-4d"))

    def _term(self) -> str:
        rnd = self._rnd
        if rnd.random() < 0.06:
            return rnd.choice(ODDITIES)
        makers = (
            *(self._is, self._is, self._level, self._assigned, self._seen, self._seen, self._count, self._count),
            *(self._priority, self._kind, self._issue, self._platform, self._project, self._environment),
            self._release,
        )
        return rnd.choice(makers)()

    def _not(self, share: float = 0.25) -> str:
        return "!" if self._rnd.random() < share else ""

    def _any(self, key: str, values: list[str], near: str, *, share: float = 0.25) -> str:
        """One value, several, or one that nobody has."""
        rnd = self._rnd
        if rnd.random() < 0.06:
            return f"{self._not(share)}{key}:{near}"
        if rnd.random() < 0.2 and len(values) > 1:
            return f"{self._not(share)}{key}:[{','.join(map(_quoted, rnd.sample(values, 2)))}]"
        return f"{self._not(share)}{key}:{_quoted(rnd.choice(values))}"

    def _is(self) -> str:
        words = (
            "unresolved",
            "unresolved",
            "resolved",
            "ignored",
            "archived",
            "assigned",
            "unassigned",
            *SUBSTATUSES,
        )
        return f"{self._not(0.15)}is:{self._rnd.choice(words)}"

    def _level(self) -> str:
        if self._rnd.random() < 0.15:
            return f"{self._not()}level:{self._rnd.choice(('err*', '*a*', 'F*'))}"
        return self._any("level", ["error", "fatal", "warning", "info"], "debug")

    def _assigned(self) -> str:
        return self._any("assigned", ["none", "#backend", "#frontend", "#mobile"], "ada@acme.example")

    def _seen(self) -> str:
        rnd = self._rnd
        key = rnd.choice(("age", "firstSeen", "lastSeen", "lastSeen"))
        draw = rnd.random()
        if draw < 0.5:
            return f"{key}:{rnd.choice(AGES)}"
        issue: Any = rnd.choice(self._issues)
        moment = rnd.choice((issue.first_seen, issue.last_seen)) + timedelta(seconds=rnd.choice((-1, 0, 0, 1)))
        if draw < 0.65:
            return f"{key}:{moment:%Y-%m-%d}"
        spelled = rnd.choice((f"{moment:%Y-%m-%dT%H:%M:%S}", f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{moment:%Y-%m-%d}"))
        return f"{key}:{rnd.choice(('>', '>=', '<', '<='))}{spelled}"

    def _count(self) -> str:
        rnd = self._rnd
        number = max(0, rnd.choice(self._issues).count + rnd.choice((-1, 0, 0, 1)))
        if rnd.random() < 0.15:
            return f"{self._not()}timesSeen:[{number},{number + 1}]"
        operator = rnd.choice(("", ">", ">=", "<", "<="))
        return f"{'' if operator else self._not()}timesSeen:{operator}{number}"

    def _priority(self) -> str:
        return self._any("issue.priority", ["high", "medium", "low"], "urgent")

    def _kind(self) -> str:
        return f"{self._not()}{self._rnd.choice(('issue.type', 'issue.category'))}:error"

    def _issue(self) -> str:
        issue = self._rnd.choice(self._issues)
        return (
            self._any("issue", [issue.short_id], "NOPE-1") if self._rnd.random() < 0.5 else f"issue.id:{issue.id}"
        )

    def _platform(self) -> str:
        if self._rnd.random() < 0.3:
            return f"{self._not()}platform.name:{self._rnd.choice(('py*', '*script', '*a*', 'JAVA*'))}"
        return self._any("platform.name", [project.event_platform for project in self._projects], "cobol")

    def _project(self) -> str:
        project = self._rnd.choice(self._projects)
        if self._rnd.random() < 0.3:
            return f"{self._not()}project.id:{project.id}"
        return self._any(
            self._rnd.choice(("project", "project.name")), [p.slug for p in self._projects], "nowhere"
        )

    def _environment(self) -> str:
        return self._any("environment", list(self._environments), "atlantis", share=0.15)

    def _release(self) -> str:
        key = self._rnd.choice(("release", "release", "firstRelease"))
        version = self._rnd.choice(self._releases)
        if self._rnd.random() < 0.2:
            return f"{self._not()}{key}:{version[:-2]}*"
        return self._any(key, self._releases, "0.0.0", share=0.15)

    def _words(self) -> str:
        kind = self._rnd.choice(self._issues).kind
        words = [word for word in kind.title.split() if word.isalnum()] or ["failed"]
        at = self._rnd.randrange(len(words))
        found = " ".join(words[at : at + self._rnd.choice((1, 1, 2))])
        return self._rnd.choice(
            (found, found.upper(), f'"{found}"', found[:4], kind.function[:6], "nothing-like-it")
        )


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value or "," in value else value
