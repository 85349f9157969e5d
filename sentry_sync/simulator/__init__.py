"""A Sentry that fits in a process: a deterministic world, Sentry's API over it, and faults on demand."""

from .faults import Dropped, Hang
from .options import PROFILES, WELL_KNOWN_BEARER, SimulatorOptions, WorldSize
from .simulator import ServedRequest, Simulator, serve

__all__ = [
    "PROFILES",
    "WELL_KNOWN_BEARER",
    "Dropped",
    "Hang",
    "ServedRequest",
    "Simulator",
    "SimulatorOptions",
    "WorldSize",
    "serve",
]
