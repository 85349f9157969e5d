from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentry_sync.answers.names import LONGEST, MOST, Completed, Kind, likeliest
from tests.answers.desk import Asking


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("names"))
    asking.rig.sync("projects", "issues", "releases")
    yield asking
    asking.close()


def test_names_that_begin_so_come_before_those_that_hold_it() -> None:
    known = ["web-api", "api", "API-gateway", "worker", "api"]
    assert likeliest(known, "api") == Completed(("api", "API-gateway", "web-api"), more=False)


def test_whoever_typed_nothing_sees_all_in_their_order() -> None:
    assert likeliest(["b", "a", ""], "").values == ("b", "a")


def test_a_hundred_are_shown_and_it_is_said_that_there_are_more() -> None:
    many = [f"n{number}" for number in range(MOST + 1)]
    assert likeliest(many, "n") == Completed(tuple(many[:MOST]), more=True)
    assert likeliest(many[:MOST], "n").more is False


@pytest.mark.parametrize("name", ["prod\u202euction", "a\x1b[2J", "two\nlines", "z" * (LONGEST + 1), "\u200bapi"])
def test_a_name_that_shows_as_another_is_left_out(name: str) -> None:
    assert likeliest([name, "api"], "").values == ("api",)


@pytest.mark.parametrize(
    ("kind", "typed", "first"),
    [
        ("project", "check", "checkout-api"),
        ("project", "API", "api"),
        ("environment", "prod", "production"),
        ("release", "checkout-api@", "checkout-api@"),
        ("issue", "checkout", "CHECKOUT-API-"),
        ("issue", "", ""),
    ],
)
def test_the_copy_knows_names_of_each_kind(asking: Asking, kind: Kind, typed: str, first: str) -> None:
    found = asking.offline.complete(kind, typed)
    assert found.values
    assert first in found.values[0]


def test_a_release_is_found_by_its_number_too(asking: Asking) -> None:
    version = asking.offline.complete("release", "").values[0]
    assert version in asking.offline.complete("release", version.partition("@")[2]).values


def test_nothing_known_is_no_name_and_no_error(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert asking.offline.complete("project", "no such thing").values == ()
    empty = Asking(tmp_path_factory.mktemp("empty"))
    assert empty.offline.complete("issue", "A").values == ()
    empty.close()


def test_what_could_end_a_prefix_in_sql_is_only_a_character(asking: Asking) -> None:
    for typed in ("%", "_", "'", "\U0010ffff", "\x00"):
        assert asking.offline.complete("issue", typed).values == ()
