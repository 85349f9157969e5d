"""What is wrong with a release, or only looks as if it were: the labels of a world to be judged by."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Flaw:
    """What happens while a release runs that does not happen else."""

    label: str
    errors: float = 1.0
    """Times the usual errors, the excess in issues that begin with the release."""
    crashed: float | None = None
    """Chance of a session to crash; None for the usual."""
    latency: float = 1.0
    failing: float = 1.0
    traffic: float = 1.0
    """Times the usual sessions, requests and errors: more of the same."""
    incident: bool = False
    """The project breaks for some hours while it runs, through no fault of the release."""
    burst: float = 0.0
    """One issue happens for an hour or two, that many times the project's usual errors of an hour."""

    @property
    def bad(self) -> bool:
        """Whether the release is to blame."""
        return self.errors > 1 or self.crashed is not None or self.latency > 1


SOUND = Flaw("sound")
BAD = Flaw("bad", crashed=0.065, latency=1.6, failing=4)
"""The one bad release of every world; its issues are made by the history, by weight."""


def draw(random: Random) -> Flaw:
    """The flaw of one release of a world that is full of them; half are sound in one way or another."""
    kind = random.choices(
        ("sound", "traffic", "incident", "burst", "errors", "crashes", "latency", "everything"),
        (30, 10, 10, 10, 14, 9, 9, 8),
    )[0]
    size = random.random()
    return {
        "sound": SOUND,
        "traffic": Flaw("traffic", traffic=1.5 + 2 * size),
        "incident": Flaw("incident", incident=True),
        "burst": Flaw("burst", burst=3 + 9 * size),
        "errors": Flaw("errors", errors=2 + 4 * size),
        "crashes": Flaw("crashes", crashed=0.012 + 0.05 * size),
        "latency": Flaw("latency", latency=1.3 + 0.9 * size),
        "everything": Flaw("everything", errors=2 + 4 * size, crashed=0.02 + 0.05 * size, latency=1.3 + size),
    }[kind]
