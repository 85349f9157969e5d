"""Python's collector of circles, which a server should meet seldom."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

GARBAGE = 10_000
"""New objects after which it looks for circles. An answer makes thousands and leaves none; at Python's own 700 it
would look several times during each."""


@contextmanager
def put_off() -> Iterator[None]:
    """Import without it what stays for good: looking through that is 0.08 s of the 0.6 that the SDK takes.

    Afterwards it looks at none of this any more.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
