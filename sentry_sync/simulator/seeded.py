"""Chance that repeats: random streams and single draws that depend on nothing but their names."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


def stream(*names: object) -> Random:
    """A generator of its own for these names, so that one part of a world never shifts another."""
    return Random(digest(*names))


def digest(*names: object) -> int:
    """A 64-bit number that depends only on the names."""
    return int.from_bytes(blake2b(repr(names).encode(), digest_size=8).digest())


def mix(seed: int, number: int) -> int:
    """A 64-bit number from two; much cheaper than `digest`, for work done once per event."""
    z = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + 0x8CB92BA72F3D8DD7) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def fraction(*names: object) -> float:
    """A number in [0, 1) that depends only on the names."""
    return digest(*names) / (1 << 64)


def choose(options: Sequence[T], number: int) -> T:
    """One of the options, picked by a number made by `mix` or `digest`."""
    return options[number % len(options)]


def skewed(random: Random, count: int, exponent: float = 1.1) -> list[float]:
    """Weights that fall like a power law, shuffled: a few things cause most of the traffic."""
    weights = [1.0 / (rank + 1) ** exponent for rank in range(count)]
    random.shuffle(weights)
    return weights
