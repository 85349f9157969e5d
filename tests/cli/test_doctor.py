from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from sentry_sync.cli import checks, doctor
from sentry_sync.cli.checks import FAIL, OK, SKIPPED, WARN, Finding
from sentry_sync.cli.settings import Settings, exactly
from sentry_sync.records.delivery import Delivery
from sentry_sync.records.schedule import TOKEN_REFUSED, Rest
from sentry_sync.sentry.client import SentryClient
from sentry_sync.store.privacy.books import PersonBooks
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rig import START, Rig
from tests.support.rows import project


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def by_name(found: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.about: finding for finding in found}


def asked(rig: Rig, clock: FakeClock | None = None) -> dict[str, Finding]:
    @contextmanager
    def client() -> Iterator[SentryClient]:
        yield rig.client()

    return by_name(doctor.server(client, clock or rig.clock))


def settings(folder: Path, **given: str) -> Settings:
    return exactly({"SENTRY_SYNC_STORE": str(folder), **given})


def test_a_server_that_is_well_has_nothing_to_be_done(rig: Rig) -> None:
    found = asked(rig)
    assert {finding.state for finding in found.values()} == {OK}
    assert set(found) == {"server", "scopes", "clock", "organization", "region", "projects"}


@pytest.mark.parametrize(("seconds", "state"), [(10, OK), (60, WARN), (-600, FAIL)])
def test_a_clock_that_is_wrong_is_named(rig: Rig, seconds: int, state: str) -> None:
    assert asked(rig, FakeClock(START + timedelta(seconds=seconds)))["clock"].state == state


@pytest.mark.parametrize(
    ("status", "about", "says"),
    [(401, "token", "token"), (503, "server", "try"), (500, "server", "")],
)
def test_a_server_that_refuses_fails_and_the_rest_is_said_not_to_be_looked_at(
    rig: Rig, status: int, about: str, says: str
) -> None:
    rig.sim.faults.add("", "status", times=1000, status=status)
    found = asked(rig)
    assert found[about].state == FAIL
    assert says in found[about].said
    if about == "server":
        assert found["organization"].state == SKIPPED


@pytest.mark.parametrize(
    ("scopes", "state"),
    [
        (["org:read", "project:admin", "project:releases", "event:write"], OK),
        (["org:read", "project:read", "event:read"], FAIL),
        (None, WARN),
    ],
)
def test_scopes_that_are_missing_are_named_and_greater_ones_bring_the_lesser(
    rig: Rig, scopes: list[str] | None, state: str
) -> None:
    root = orjson.dumps({"version": "0", "auth": {"scopes": scopes} if scopes else None})
    rig.after = lambda body: root if body.startswith(b'{"version"') else body
    found = asked(rig)["scopes"]
    assert found.state == state
    assert ("project:releases" in found.said) == (state == FAIL)


def test_without_a_token_the_copy_is_looked_at_all_the_same(tmp_path: Path) -> None:
    found = by_name(doctor.findings(settings(tmp_path / "none"), FakeClock(START)))
    assert found["token"].state == FAIL
    assert found["scopes"].state == SKIPPED
    assert (found["copy"].state, found["copy"].todo) == (WARN, "run `sentry-sync sync`")


def filled(folder: Path, clock: FakeClock) -> Store:
    store = Store(folder, clock)
    store.prepare()
    with store.write() as uow:
        uow.upsert([project("2", "web", START)])
        uow.mark("projects", "", START, START)
    return store


def test_a_copy_that_is_well_is_said_to_be(tmp_path: Path) -> None:
    clock = FakeClock(START)
    with closing(filled(tmp_path, clock)):
        found = by_name(checks.copy(settings(tmp_path), clock))
    assert {
        found[name].state for name in ("permissions", "database", "sync", "erasures", "capabilities", "lake")
    } == {OK}


def test_what_is_wrong_with_a_copy_is_named(tmp_path: Path) -> None:
    clock = FakeClock(START)
    with closing(filled(tmp_path, clock)) as store:
        with store.write() as uow:
            books: PersonBooks = uow.persons
            books.remember([("id", "7")], START)
            uow.learn("explore.errors", START, available=False)
        tmp_path.chmod(0o755)
        clock.advance(3 * 3600)
        found = by_name(checks.copy(settings(tmp_path), clock))
    states: dict[str, Any] = {
        name: found[name].state for name in ("permissions", "sync", "erasures", "capabilities")
    }
    assert states == {"permissions": FAIL, "sync": WARN, "erasures": FAIL, "capabilities": WARN}
    assert "explore.errors" in found["capabilities"].said


def test_a_sync_that_rests_is_named_with_why_and_what_ends_it(tmp_path: Path) -> None:
    clock = FakeClock(START)
    with closing(filled(tmp_path, clock)) as store, store.syncing():
        with store.write() as uow:
            uow.rest(Rest(START + timedelta(minutes=10), TOKEN_REFUSED))
        found = by_name(checks.copy(settings(tmp_path), clock))["sync"]
        clock.advance(600)
        over = by_name(checks.copy(settings(tmp_path), clock))["sync"]
    assert (found.state, over.state) == (WARN, OK)
    assert "rests until 2026-11-20 12:44 UTC, since the token was refused; newest data of" in found.said
    assert "sync-now" in found.todo


@pytest.mark.parametrize(
    ("action", "days", "state", "said"),
    [
        (None, 0, WARN, "none was ever received"),
        ("created", 1, OK, "last one at"),
        ("created", 3, WARN, "last one at"),
        ("deleted", 3, FAIL, "the integration was uninstalled in Sentry at"),
    ],
)
def test_webhooks_that_no_longer_come_are_named_with_the_reason(
    tmp_path: Path, action: str | None, days: int, state: str, said: str
) -> None:
    clock = FakeClock(START)
    with closing(filled(tmp_path, clock)) as store, store.write() as uow:
        uow.deliveries.take([Delivery("c" * 32, "3", "installation", action, START)] if action else [])
    clock.advance(days * 86_400)
    with closing(Store(tmp_path, clock)) as store, store.write() as uow:
        uow.deliveries.tidy(clock.now())
    found = by_name(checks.copy(settings(tmp_path, SENTRY_SYNC_WEBHOOK_SECRET="0123456789abcdef"), clock))[
        "webhooks"
    ]
    assert (found.state, said in found.said) == (state, True)
    assert ("install it again" in found.todo) == (state == FAIL)


def test_the_settings_file_that_is_looked_at_is_the_one_that_was_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    file.chmod(0o622)
    doctor.run(settings(tmp_path / "none"), file, as_json=True, clock=FakeClock(START))
    first, *_ = orjson.loads(capsys.readouterr().out)["findings"]
    assert (first["about"], first["state"], str(file) in first["said"]) == ("settings file", FAIL, True)


def test_a_damaged_database_fails_and_ends_the_look(tmp_path: Path) -> None:
    clock = FakeClock(START)
    filled(tmp_path, clock).close()
    with (tmp_path / "store.db").open("r+b") as file:
        file.write(b"no database at all")
    found = by_name(checks.copy(settings(tmp_path), clock))
    assert found["database"].state == FAIL
    assert "db rebuild" in found["database"].said
    assert "sync" not in found
