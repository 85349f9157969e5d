"""The convergence test on each kind of server, and in fair weather or foul."""

from __future__ import annotations

from tests.convergence.machine import Convergence


class FairWeather(Convergence):
    """sentry.io, while nothing goes wrong but that the world moves on."""

    stormy = False


class Storms(Convergence):
    """sentry.io, with faults and kills."""


class Measured(Convergence):
    """sentry.io with performance, which costs more than all the rest."""

    measured = True


class SelfHosted(Convergence):
    """A self-hosted Sentry from before spans."""

    profile = "self-hosted"


class GlitchTip(Convergence):
    """GlitchTip: events issue by issue, no batches of Sentry's kind, no hourly counts."""

    profile = "glitchtip"
