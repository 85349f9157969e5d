"""Names of a chart's lines and bars."""

from __future__ import annotations

from sentry_sync.answers.labels import LONGEST, labels


def test_a_name_is_its_parts_or_what_is_measured() -> None:
    assert labels([("api", None), ("", None)], "errors") == {("api", None): "api", ("", None): "errors"}


def test_a_long_part_loses_its_middle_and_short_ones_nothing() -> None:
    version = "checkout-api@2.4.1+" + "9f31c2a40b77" * 4
    name = labels([("checkout", version)], "errors")[("checkout", version)]

    assert len(name) == LONGEST
    assert name.startswith("checkout / checkout-api@")
    assert name.endswith("9f31c2a40b77")


def test_two_that_would_be_called_alike_are_told_apart() -> None:
    long = [("a" * 60 + middle + "z" * 60,) for middle in "bc"]
    names = list(labels([*long, long[0]], "errors").values())

    assert len(names) == len(set(names)) == 2
    assert names[1] == f"{names[0]} (2)"


def test_many_parts_leave_each_a_little() -> None:
    parts = tuple(str(at) * 30 for at in range(10))
    name = labels([parts], "errors")[parts]

    assert name.count("…") == 10


def test_a_name_that_looks_numbered_is_taken_for_no_other() -> None:
    names = labels([("a", None), ("a", ""), ("a (2)", None)], "errors")

    assert len(set(names.values())) == 3
