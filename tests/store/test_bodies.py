"""What is packed comes back, also when it was packed another way."""

from __future__ import annotations

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.store.bodies import LEVEL, pack, unpack


@given(st.binary(max_size=5000))
def test_what_was_packed_comes_back(plain: bytes) -> None:
    assert unpack(pack(plain)) == plain


def test_a_body_written_without_a_dictionary_is_still_read() -> None:
    plain = b'{"eventID":"1"}' * 20
    assert unpack(zstandard.ZstdCompressor(level=LEVEL).compress(plain)) == plain


def test_an_issue_row_is_far_smaller_than_it_would_be_alone() -> None:
    row = (
        b'{"id":"17","shareId":null,"shortId":"API-H","title":"KeyError: x","culprit":"pay","permalink":"https://'
        b'sentry.io/acme/issues/17/","logger":null,"level":"error","status":"unresolved","statusDetails":{},'
        b'"substatus":"ongoing","isPublic":false,"platform":"python","priority":"high","priorityLockedAt":null}'
    )
    assert len(pack(row)) < len(zstandard.ZstdCompressor(level=LEVEL).compress(row)) / 2
