"""What a sync, and an answer that asked Sentry, leave in the store of the simulator's people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.simulator import WorldSize
from sentry_sync.store import bodies, tables
from tests.answers.desk import Asking
from tests.support.rig import POLICY

SIZE = WorldSize(projects=1, issues=12, events_per_day=30, releases=2, days=2)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("people"), size=SIZE, policy=POLICY)
    asking.rig.sync()
    yield asking
    asking.close()


def people(asking: Asking) -> set[str]:
    """Every way in which an end user of the world is named, ids aside, which are kept."""
    world = asking.rig.sim.world
    users = filter(None, (world.end_user(event) for issue in world.issues.values() for event in issue.events))
    return {name for user in users for name in (user.email, user.username, user.ip_address)}


def held(asking: Asking) -> str:
    packed = [row.body for row in asking.rig.rows(tables.event_bodies)]
    packed += [row.raw for row in asking.rig.rows(tables.issue_raw)]
    texts = [bodies.unpack(one).decode() for one in packed]
    paths: Path = asking.rig.store.paths.directory
    return "\n".join(
        [*texts, *(file.read_bytes().decode("latin-1") for file in paths.iterdir() if file.is_file())]
    )


def test_no_address_or_username_of_an_end_user_reaches_the_store(asking: Asking) -> None:
    assert len(people(asking)) > 30
    said = held(asking)
    assert "hashed-" in said
    assert "session renewed for hashed-" in said or "X-Forwarded-For" in said
    assert not {name for name in people(asking) if name in said}


def test_nor_one_that_an_answer_asked_of_sentry(asking: Asking) -> None:
    answers: Answers = asking.online
    issue = next(issue for issue in asking.rig.sim.world.issues.values() if len(issue.events) > 3)
    before = len(asking.rig.rows(tables.event_bodies))
    found = answers.get_events(issue.id, limit=10, full_trace=True, response_format="detailed")
    said = orjson.dumps(found).decode()
    assert len(asking.rig.rows(tables.event_bodies)) > before
    assert found["freshness"]["source"] != "local"
    assert not {name for name in people(asking) if name in said or name in held(asking)}


def test_users_are_still_counted(asking: Asking) -> None:
    with closing(asking.rig.store.read()) as reading:
        keys = {row.user_key for row in reading.execute(tables.events.select())}
    world = asking.rig.sim.world
    users = {world.end_user(event) for issue in world.issues.values() for event in issue.events}
    assert len(keys) >= len(users) * 0.9
