"""Trains the dictionary that `sentry_sync/store/bodies.py` compresses with, on worlds of the simulator.

Usage: python -m benchmarks.train_dictionary FILE. A new dictionary is a new file: what was compressed with an
older one can be read only with that one, so none is ever changed or removed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import zstandard

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize

SIZE = 64 * 1024
"""At 64 kB an event is 8.6 times smaller; twice the size gains a tenth."""

SEEDS = (101, 102, 103)


def main(path: str) -> None:
    """Train on issue rows and event bodies of worlds that no test uses, and say how well it does on another."""
    samples: list[bytes | bytearray | memoryview] = [sample for seed in SEEDS for sample in _samples(seed)]
    dictionary = zstandard.train_dictionary(SIZE, samples, level=3, notifications=0)
    Path(path).write_bytes(dictionary.as_bytes())
    _report(dictionary)


def _samples(seed: int, issues: int = 300, bodies: int = 120) -> Iterator[bytes]:
    size = WorldSize(projects=7, issues=issues, events_per_day=200, releases=6, days=10)
    simulator = Simulator(SimulatorOptions(seed=seed, size=size, frozen=True, static=True, rate_limit=None))
    headers = {"Authorization": f"Bearer {simulator.options.token}"}
    base = f"/api/0/organizations/{simulator.options.organization}/issues/"
    for row in list(simulator.world.issues)[:issues]:
        yield orjson.dumps(orjson.loads(simulator.handle("GET", f"{base}?query=&group={row}", headers)[2])[0])
    for row in list(simulator.world.issues)[:bodies]:
        yield orjson.dumps(orjson.loads(simulator.handle("GET", f"{base}{row}/events/latest/", headers)[2]))


def _report(dictionary: zstandard.ZstdCompressionDict) -> None:
    compressor = zstandard.ZstdCompressor(level=3, dict_data=dictionary)
    plain = zstandard.ZstdCompressor(level=3)
    unseen = list(_samples(999))
    for name, chosen in (("issue rows", unseen[:300]), ("event bodies", unseen[300:])):
        whole = sum(map(len, chosen))
        with_it = sum(len(compressor.compress(sample)) for sample in chosen)
        without = sum(len(plain.compress(sample)) for sample in chosen)
        print(f"{name}: {whole / with_it:.1f}x smaller with the dictionary, {whole / without:.1f}x without")


if __name__ == "__main__":
    main(*sys.argv[1:])
