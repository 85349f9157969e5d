from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sentry_sync.errors import StoreBusy
from sentry_sync.store.alerts import AlertRow
from sentry_sync.store.privacy import beside, person_export
from sentry_sync.store.privacy.erase import NAMELESS, erase, unfinished
from sentry_sync.store.privacy.erased import Identity
from sentry_sync.store.privacy.finding import Names
from sentry_sync.store.privacy.rules import DEFAULTS, Rules
from sentry_sync.store.privacy.vacuum import alone
from sentry_sync.store.store import Store
from tests.store.privacy import people
from tests.store.privacy.people import EMAIL, ID, IP, KEEPING, USERNAME
from tests.support.clock import FakeClock
from tests.support.rows import NOW, event

ALL: list[Identity] = [("id", ID), ("email", EMAIL), ("username", USERNAME), ("ip", IP)]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


def done(store: Store, clock: FakeClock, *given: Identity) -> None:
    erase(store, clock, given, lambda _: None)


def column(store: Store, statement: str) -> list[object]:
    with closing(sqlite3.connect(store.paths.database)) as connection:
        return [row[0] for row in connection.execute(statement)]


@pytest.mark.parametrize("rules", [KEEPING, Rules(DEFAULTS)])
@pytest.mark.parametrize("given", [[("email", EMAIL), ("ip", IP)], ALL])
def test_no_byte_of_an_erased_person_is_left(
    tmp_path: Path, clock: FakeClock, rules: Rules, given: list[Identity]
) -> None:
    with closing(people.filled(tmp_path, clock, rules, people.OLD)) as store:
        for name in ("store.db.damaged-20261101T000000Z", "store.db.rebuilt-wal", "lake/spill/duckdb_temp_0.tmp"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(EMAIL)
        assert {ID} < people.found(store)
        done(store, clock, *given)
        assert people.found(store) == set()


def test_the_events_stay_and_are_nobodys_and_the_log_does_not_tell_whose(tmp_path: Path, clock: FakeClock) -> None:
    with closing(people.filled(tmp_path, clock)) as store:
        done(store, clock, ("email", EMAIL))
        users = column(store, "SELECT user_key FROM events ORDER BY event_id")
        titles = column(store, "SELECT title FROM events ORDER BY event_id")
        assert users == ["erased", "erased", "id:5", "id:6"]
        assert titles == ["no cart of [Filtered]", "plain", "share with [Filtered] failed", "plain"]
        assert column(store, "SELECT count FROM transaction_stats") == [3]
        (row,) = column(store, "SELECT action || ' ' || outcome || ' ' || target FROM audit_log")
        assert str(row).startswith("erase done person:")
        assert not any(str(row).rpartition(":")[2] in name for name in people.spellings(store))


def test_whoever_was_erased_is_not_brought_back_by_the_next_sync(tmp_path: Path, clock: FakeClock) -> None:
    with closing(people.filled(tmp_path, clock)) as store:
        done(store, clock, *ALL)
        with store.write() as uow:
            uow.upsert(people.rows())
        # A name that only others' texts have in a spelling of their own is for the rules on e-mail addresses.
        assert people.found(store) == set()


class Killed(BaseException):
    """The process died: nothing may catch it."""


@pytest.mark.parametrize("step", ["looking", "writing rows", "writing the lake", "emptying"])
def test_an_erasure_that_was_cut_short_is_finished_by_the_next(
    tmp_path: Path, clock: FakeClock, step: str
) -> None:
    def die(said: str) -> None:
        if said.startswith(step):
            raise Killed

    with closing(people.filled(tmp_path, clock)) as store, pytest.raises(Killed):
        erase(store, clock, ALL, die)
    with closing(Store(tmp_path, clock, KEEPING)) as store:
        with store.write() as uow:
            assert uow.persons.unfinished() == (step != "looking")
        assert unfinished(store)
        done(store, clock)
        assert people.found(store) == set()
        assert not unfinished(store)
        with store.write() as uow:
            assert not uow.persons.unfinished()


FULL_NAME = "Chloé Odile Müller"


@pytest.mark.parametrize("lost", [False, True], ids=["with its file", "without its file"])
def test_what_is_finished_without_a_name_is_as_thorough_while_the_file_of_names_is_there(
    tmp_path: Path, clock: FakeClock, lost: bool
) -> None:
    def die(said: str) -> None:
        if said.startswith("writing rows"):
            raise Killed

    told = list[str]()
    with closing(people.filled(tmp_path, clock)) as store:
        with store.write() as uow:
            uow.upsert([replace(event(9, NOW), title=f"{FULL_NAME}, or {EMAIL}, is not to be found")])
            uow.alerts.keep(
                [AlertRow("r", f'[["title", "no cart of {EMAIL}"]]', "t", True, NOW, 1.0, True, NOW)], []
            )
        with pytest.raises(Killed):
            erase(store, clock, [*ALL, ("username", FULL_NAME)], die)
        assert stat.S_IMODE(store.paths.erasing.stat().st_mode) == 0o600
        if lost:
            store.paths.erasing.unlink()
        erase(store, clock, (), told.append)
        titles = column(store, "SELECT title FROM events WHERE title LIKE '%is not to be found'")
        filtered = FULL_NAME if lost else "[Filtered]"
        assert titles == [f"{filtered}, or [Filtered], is not to be found"]
        assert column(store, "SELECT subject FROM alerts") == ['[["title", "no cart of [Filtered]"]]']
        assert (NAMELESS in told) == lost
        assert column(store, "SELECT outcome FROM audit_log WHERE action = 'erase'") == ["done"]
        assert people.found(store) == set()


def test_two_persons_whose_erasures_were_cut_short_are_erased_at_once(tmp_path: Path, clock: FakeClock) -> None:
    def die(_: str) -> None:
        raise Killed

    with closing(people.filled(tmp_path, clock)) as store:
        for given in (("email", EMAIL), ("email", "ben@example.org")):
            with pytest.raises(Killed):
                erase(store, clock, [given], die)
        done(store, clock)
        assert people.found(store) == set()
        assert column(store, "SELECT DISTINCT user_key FROM events ORDER BY 1") == ["erased", "id:6"]


def test_a_process_that_sees_other_projects_only_erases_the_person_everywhere(
    tmp_path: Path, clock: FakeClock
) -> None:
    people.filled(tmp_path, clock).close()
    with closing(Store(tmp_path, clock, KEEPING, ("other",))) as store:
        done(store, clock, ("email", EMAIL), ("ip", IP))
        assert people.found(store) == set()


def test_another_that_is_at_it_is_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    with closing(people.filled(tmp_path, clock)) as store, alone(store, clock), pytest.raises(StoreBusy):
        erase(store, clock, ALL, lambda _: None, patience=0)
    assert clock.slept == []


def test_an_address_alone_links_nobody(tmp_path: Path, clock: FakeClock) -> None:
    with closing(people.filled(tmp_path, clock)) as store:
        names = Names([("ip", IP)], store.scrubber().pseudonyms)
        assert not names.learn([("id", "1"), ("ip", "203.0.113.78")])
        with closing(store.read()) as reading, reading.begin():
            beside.look(reading, names)
        assert ("id", ID) in names.all.values()  # their own body has both


def test_an_export_has_all_that_an_erasure_would_take(tmp_path: Path, clock: FakeClock) -> None:
    with closing(people.filled(tmp_path, clock)) as store:
        names = Names([("email", EMAIL)], store.scrubber().pseudonyms)
        with closing(store.read()) as reading, reading.begin():
            beside.look(reading, names)
            held = list(person_export.holdings(reading, names))
        kinds = sorted((holding.part, holding.what.get("table", "")) for holding in held)
        assert kinds == [
            ("body", ""),
            ("event", ""),
            ("event", ""),
            ("mention", "deploys"),
            ("mention", "event_bodies"),
            ("mention", "events"),
            ("mention", "issues"),
        ]
        assert set(names.all.values()) == {("id", ID), ("email", EMAIL), ("username", USERNAME)}
        done(store, clock, *names.all.values())
        with closing(store.read()) as reading, reading.begin():
            assert list(person_export.holdings(reading, Names(ALL, store.scrubber().pseudonyms))) == []
