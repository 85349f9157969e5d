"""How the convergence test runs with the other tests: the same examples each time, and short ones."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

LONG = 900
"""Seconds: hundreds of examples in one test, on a machine that may be busy with others."""


def short(examples: int) -> settings:
    """So many examples of a few steps; `make soak` makes longer ones, and others every time."""
    return settings(
        max_examples=examples,
        stateful_step_count=5,
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=True,
        # A failure is told at once, with what repeats it: shrinking takes minutes, and `make soak` does it.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
