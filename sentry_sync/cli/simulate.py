"""``sentry-sync simulate``: a simulated Sentry to point things at."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from sentry_sync.cli import output
from sentry_sync.errors import SettingsError
from sentry_sync.simulator import PROFILES, Simulator, SimulatorOptions, WorldSize


@dataclass(frozen=True, slots=True)
class World:
    """How large a world to make, and from which seed."""

    seed: int
    projects: int
    issues: int
    events_per_day: int
    releases: int
    days: int


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where webhooks go, and what they are signed with."""

    url: str | None = None
    secret: str | None = None


NO_HOOKS = Hooks()


def options(
    world: World,
    profile: str,
    rate_limit: str,
    *,
    static: bool,
    latency_ms: int,
    speed: float = 1.0,
    hooks: Hooks = NO_HOOKS,
) -> SimulatorOptions:
    """The simulator's options; raises SettingsError for a profile or rate limit it does not know."""
    if bool(hooks.url) != bool(hooks.secret):
        raise SettingsError("--webhook-url and --webhook-secret go together")
    known = next((name for name in PROFILES if name == profile), None)
    if known is None:
        raise SettingsError(f"--profile must be one of {', '.join(PROFILES)}")
    size = WorldSize(world.projects, world.issues, world.events_per_day, world.releases, world.days)
    return SimulatorOptions(
        seed=world.seed,
        size=size,
        profile=known,
        rate_limit=_limit(rate_limit),
        static=static,
        latency_ms=latency_ms,
        speed=speed,
        webhook_url=hooks.url,
        webhook_secret=hooks.secret or "",
    )


def _limit(text: str) -> tuple[int, int] | None:
    if text == "off":
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,3})", text)
    if found is None:
        raise SettingsError("--rate-limit must be requests/seconds such as 40/1, or off")
    return int(found[1]), int(found[2])


def environment(simulator: Simulator) -> dict[str, str]:
    """The variables that point sentry-sync at the simulator. Its token is no secret."""
    return {
        "SENTRY_BASE_URL": simulator.url,
        "SENTRY_AUTH_TOKEN": simulator.options.token,
        "SENTRY_ORG": simulator.options.organization,
    }


def run(chosen: SimulatorOptions, port: int, *, as_json: bool, forever: threading.Event | None = None) -> None:
    """Serve until Ctrl-C (or until ``forever`` is set), after printing where. Raises OSError for a taken port."""
    with Simulator(chosen, port) as simulator:
        found = environment(simulator)
        if as_json:
            output.document(found)
        else:
            output.line("export " + " ".join(f"{name}={value}" for name, value in found.items()))
        output.flush()
        try:
            (forever or threading.Event()).wait()
        except KeyboardInterrupt:
            return  # how everyone ends it
