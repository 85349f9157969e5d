"""Compressing what is kept as Sentry sent it: issue rows and event bodies, zstd with a shared dictionary."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import zstandard

LEVEL = 3
"""zstd's own default; higher levels gain little for much time."""

DICTIONARIES = ("1.zdict",)
"""Every dictionary ever used, the newest last: what was written with one can be read only with that one.

`python -m benchmarks.train_dictionary` makes them. On events of unseen kinds it still saves half: keys, SDK names
and the frames of well-known frameworks are the same everywhere.
"""

LARGEST = 64 * 1024 * 1024
"""Native crashes reach some MB; a frame that claims more than this is not one of ours."""

_local = threading.local()


def pack(plain: bytes) -> bytes:
    """``plain``, compressed."""
    if not hasattr(_local, "compressor"):
        # It is not safe to share between threads, nor is a decompressor; making one costs more than a small body.
        newest = _dictionaries()[-1]
        _local.compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=newest)
    packed: bytes = _local.compressor.compress(plain)
    return packed


def unpack(packed: bytes) -> bytes:
    """What :func:`pack` was given."""
    used = zstandard.get_frame_parameters(packed).dict_id
    if not hasattr(_local, "decompressors"):
        _local.decompressors = {}
    decompressor = _local.decompressors.get(used)
    if decompressor is None:
        known = next((found for found in _dictionaries() if found.dict_id() == used), None)
        decompressor = zstandard.ZstdDecompressor(dict_data=known)
        if known is not None:  # of dictionaries nobody knows there may be any number
            _local.decompressors[used] = decompressor
    plain: bytes = decompressor.decompress(packed, max_output_size=LARGEST)
    return plain


@cache
def _dictionaries() -> list[zstandard.ZstdCompressionDict]:
    folder = Path(__file__).parent / "dictionaries"
    found = [zstandard.ZstdCompressionDict((folder / name).read_bytes()) for name in DICTIONARIES]
    found[-1].precompute_compress(level=LEVEL)
    return found
