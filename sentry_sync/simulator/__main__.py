"""`python -m sentry_sync.simulator --port N`: a simulated Sentry in a process of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime

from sentry_sync.simulator import PROFILES, WELL_KNOWN_BEARER, SimulatorOptions, WorldSize, serve


def parser() -> argparse.ArgumentParser:
    """The command line."""
    usual, size = SimulatorOptions(), WorldSize()
    flags = argparse.ArgumentParser(prog="python -m sentry_sync.simulator", description=__doc__)
    flags.add_argument(
        "--port", type=int, default=8700, help="where to listen on 127.0.0.1 (default 8700; 0: any)"
    )
    flags.add_argument("--seed", type=int, default=usual.seed, help="equal seeds make equal worlds")
    flags.add_argument("--projects", type=int, default=size.projects)
    flags.add_argument("--issues", type=int, default=size.issues)
    flags.add_argument("--events-per-day", type=int, default=size.events_per_day)
    flags.add_argument("--releases", type=int, default=size.releases, help="for each project")
    flags.add_argument("--days", type=int, default=size.days, help="of history")
    flags.add_argument("--profile", choices=PROFILES, default=usual.profile)
    flags.add_argument("--organization", default=usual.organization)
    flags.add_argument("--token", default=WELL_KNOWN_BEARER)
    flags.add_argument(
        "--rate-limit", default="40/1", help="requests/seconds of the default window, or off (default 40/1)"
    )
    flags.add_argument(
        "--start", type=datetime.fromisoformat, default=None, help="the world's now, ISO with a zone"
    )
    flags.add_argument("--frozen", action="store_true", help="time moves by POST /__simulator__/advance only")
    flags.add_argument("--static", action="store_true", help="nothing happens by itself")
    flags.add_argument("--latency-ms", type=int, default=0)
    return flags


def rate_limit(text: str) -> tuple[int, int] | None:
    """`100/60` as numbers, `off` as None; ValueError for anything else."""
    if text == "off":
        return None
    requests, slash, seconds = text.partition("/")
    if not slash or not requests.isdecimal() or not seconds.isdecimal() or int(seconds) == 0:
        raise ValueError(f"--rate-limit wants requests/seconds such as 100/60, or off; got {text!r}.")
    return int(requests), int(seconds)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit code."""
    given = parser().parse_args(arguments)
    try:
        options = SimulatorOptions(
            seed=given.seed,
            size=WorldSize(given.projects, given.issues, given.events_per_day, given.releases, given.days),
            profile=given.profile,
            organization=given.organization,
            token=given.token,
            rate_limit=rate_limit(given.rate_limit),
            start=given.start,
            frozen=given.frozen,
            static=given.static,
            latency_ms=given.latency_ms,
        )
        serve(options, given.port, _say)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{getattr(error, 'strerror', None) or error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
