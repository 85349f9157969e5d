"""Sessions that open and close beside other work."""

from __future__ import annotations

import threading

import duckdb
import pytest

from sentry_sync.trends.opening import MEMORY, Ahead, Opened


def ended() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("duckdb-"):
            thread.join()


@pytest.mark.parametrize("kind", [Opened, Ahead])
def test_a_session_answers_until_it_is_closed(kind: type[Opened | Ahead]) -> None:
    held = kind(MEMORY)
    session = held.session

    assert session.execute("SELECT 7").fetchone() == (7,)
    held.close()
    ended()
    with pytest.raises(duckdb.ConnectionException):
        session.execute("SELECT 7")


@pytest.mark.parametrize("kind", [Opened, Ahead])
def test_a_session_that_cannot_be_opened_says_so_to_whoever_uses_it(kind: type[Opened | Ahead]) -> None:
    with pytest.raises(duckdb.Error, match="Memory must have a number"):
        _ = kind("much memory").session


def test_one_that_could_not_be_opened_is_closed_all_the_same() -> None:
    Ahead("much memory").close()
    ended()


def test_whoever_waits_for_a_session_hears_of_any_mishap_whatever_its_kind() -> None:
    held = Ahead("\ud800")  # no text at all: DuckDB is not even asked
    with pytest.raises(RuntimeError):
        _ = held.session
    held.interrupt()
    held.close()
    ended()
