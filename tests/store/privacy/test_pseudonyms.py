from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sentry_sync.errors import StoreUnwritable
from sentry_sync.store.privacy.pseudonyms import Pseudonyms, key_of


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "persons.key"
    key = key_of(path)
    assert key_of(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["persons.key"]


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "persons.key").write_bytes(b"short")
    with pytest.raises(StoreUnwritable, match=r"persons\.key is not the key"):
        key_of(tmp_path / "persons.key")


def test_names_are_the_same_for_all_spellings_and_no_others() -> None:
    names = Pseudonyms(b"k" * 32)
    spelled = ("chloé@example.org", "CHLOÉ@example.org", "chlo%C3%A9%40example.org", "chlo\\u00e9@example.org")
    assert len({names.name("email", one) for one in spelled}) == 1
    assert names.name("email", "a@b.example") != names.name("username", "a@b.example")
    assert Pseudonyms(b"l" * 32).name("email", spelled[0]) != names.name("email", spelled[0])


def test_what_an_erasure_remembers_resembles_no_name() -> None:
    names = Pseudonyms(b"k" * 32)
    assert names.name("id", "7").removeprefix("hashed-") not in names.memory("id", "7")
