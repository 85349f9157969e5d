"""`make soak`: the convergence test with fresh seeds until the time is over; ends with 1 at the first difference."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator
from itertools import cycle

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.convergence import stage
from tests.convergence.machine import Convergence, done
from tests.convergence.servers import FairWeather, GlitchTip, Measured, SelfHosted, Storms

ROUND = 40
"""Examples of one seed: about half a minute."""

USUAL = settings(
    max_examples=ROUND,
    stateful_step_count=20,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)


def _turns() -> Iterator[type[Convergence]]:
    """Storms on sentry.io most of the time."""
    return cycle((Storms, FairWeather, Storms, SelfHosted, Storms, GlitchTip, Storms, Measured))


def main(minutes: float) -> int:
    """Soak for so long, and say what was done."""
    end = time.monotonic() + minutes * 60
    try:
        for machine in _turns():
            if time.monotonic() >= end:
                break
            number = secrets.randbits(32)
            print(f"{machine.__name__}, seed {number}", flush=True)
            run_state_machine_as_test(seed(number)(machine), settings=USUAL)
            print("  " + ", ".join(f"{count} {what}" for what, count in done.items()), flush=True)
    finally:
        stage.leave()
    print(f"After {minutes:g} minutes no difference: " + ", ".join(f"{n} {what}" for what, n in done.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
