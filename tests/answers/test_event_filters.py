"""Filters in a caller's words, in the store's and in Sentry's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentry_sync.answers.event_filters import MOST_TAGS, Wanted, wanted
from sentry_sync.errors import QuestionError
from sentry_sync.store.privacy.rules import Rules, chosen
from tests.support.rows import NOW, event


def test_nothing_asked_is_every_event() -> None:
    assert wanted().anything
    assert wanted().query == ""
    assert not wanted(environment="production").anything


def test_each_filter_has_its_term_and_the_environment_is_a_parameter() -> None:
    found = wanted(["browser:Chrome 120", "os.name:Windows"], "production", "shop@1.0", "id:7")
    assert found.query == 'browser:"Chrome 120" os.name:"Windows" release:"shop@1.0" user.id:"7"'
    assert (found.held.environment, found.held.release, found.held.user_key) == ("production", "shop@1.0", "id:7")
    assert found.held.tags == (("browser", "Chrome 120"), ("os.name", "Windows"))


@pytest.mark.parametrize("name", ["message", "is", "has", "device.family", "title", "firstSeen"])
def test_a_tag_named_like_a_field_of_sentrys_is_asked_for_as_a_tag(name: str) -> None:
    assert wanted([f"{name}:x"]).query == f'tags[{name}]:"x"'


def test_a_value_cannot_end_its_quotes() -> None:
    assert wanted(['a:x" OR is:resolved "']).query == 'a:"x\\" OR is:resolved \\""'


@pytest.mark.parametrize("value", ["C:\\Windows", "a\nb", "\x1b[2J"])
def test_what_quoting_cannot_carry_is_not_asked_of_sentry(value: str) -> None:
    assert wanted([f"a:{value}"]).query is None


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (wanted(["browser:Chrome*"]), "* stands for"),
        (wanted(release="shop@*"), "* stands for"),
        (wanted(release="latest"), "latest"),
        (wanted(user="email:a@example.com"), "only the id"),
    ],
)
def test_what_the_store_would_understand_otherwise_is_left_to_sentry(found: Wanted, why: str) -> None:
    assert why in (found.unlike or "")


def test_exact_values_mean_the_same_on_both_sides() -> None:
    assert wanted(["a:b"], "production", "shop@1.0", "id:7").unlike is None


@pytest.mark.parametrize("tag", ["browser", "browser:", ":x", "a b:x", '"a":x', "!browser:x"])
def test_a_tag_that_is_none_is_refused(tag: str) -> None:
    with pytest.raises(QuestionError, match="browser:Chrome 120"):
        wanted([tag])


def test_a_tag_with_an_argument_of_its_own_is_refused() -> None:
    with pytest.raises(QuestionError, match="release is an argument of its own"):
        wanted(["release:1.0"])


def test_too_many_tags_are_refused() -> None:
    with pytest.raises(QuestionError, match="at most"):
        wanted([f"t{number}:x" for number in range(MOST_TAGS + 1)])


@pytest.mark.parametrize("user", ["7", "a@example.com", "name:7", "id:"])
def test_a_user_says_what_its_name_is(user: str) -> None:
    with pytest.raises(QuestionError, match="email:"):
        wanted(user=user)


def test_an_event_fits_when_all_of_it_does() -> None:
    whole = replace(event(1, NOW), tags={"browser": "Chrome 120", "level": "error"})
    assert wanted(["browser:Chrome 120"], "production", "r1", "id:7").fits(whole)
    for other in (
        wanted(["browser:Chrome 121"]),
        wanted(["os:x"]),
        wanted(environment="staging"),
        wanted(release="r2"),
        wanted(user="id:8"),
    ):
        assert not other.fits(whole)


@pytest.mark.parametrize(
    "tag", ["mail:ana@example.org", "mail:ana%40example.org", "peer:203.0.113.9", "peer:2001:db8::1"]
)
def test_a_value_that_scrubbing_may_have_changed_is_left_to_sentry(tag: str) -> None:
    assert "scrubbed" in (wanted([tag]).unlike or "")


def test_what_the_rules_do_not_keep_is_left_to_sentry() -> None:
    assert wanted(user="id:7").scrubbed(Rules()) is None
    assert "ids of users" in (wanted(user="id:7").scrubbed(chosen([("user.id", "hash")])) or "")
    assert "values of tags" in (wanted(["a:b"]).scrubbed(chosen([("tags", "hash")])) or "")
    assert wanted(release="r1").scrubbed(chosen([("tags", "hash"), ("user.id", "drop")])) is None
