"""Sentry's search language: what a query says, what is refused, and what nobody should be sure of."""

from __future__ import annotations

import pytest

from sentry_sync.records.search import Term
from sentry_sync.records.search_grammar import BadSearch, parse


@pytest.mark.parametrize(
    ("query", "term"),
    [
        ("is:unresolved", Term("is", "", ("unresolved",))),
        ("!is:resolved", Term("is", "", ("resolved",), negated=True)),
        ("level:[error, fatal]", Term("level", "", ("error", "fatal"), listed=True)),
        ('release:"app 1.0"', Term("release", "", ("app 1.0",))),
        ('release:["a,b", c]', Term("release", "", ("a,b", "c"), listed=True)),
        ('release:""', Term("release", "", ("",))),
        ("timesSeen:>=100", Term("timesSeen", ">=", ("100",))),
        ("lastSeen:<2026-11-01T00:00:00Z", Term("lastSeen", "<", ("2026-11-01T00:00:00Z",))),
        ("age:-24h", Term("age", "", ("-24h",))),
        ('message:">5"', Term("message", "", (">5",))),
        ('title:"say \\"hi\\""', Term("title", "", ('say "hi"',))),
        ("tags[customer]:7", Term("tags[customer]", "", ("7",))),
        ("firstRelease:1.*", Term("firstRelease", "", ("1.*",))),
    ],
)
def test_a_term_is_read(query: str, term: Term) -> None:
    found = parse(query)
    assert (found.terms, found.text, found.unsure) == ((term,), "", None)


def test_words_beside_the_terms_are_one_phrase() -> None:
    found = parse("is:unresolved  connection refused level:error")
    assert (found.text, [term.key for term in found.terms], found.unsure) == (
        "connection refused",
        ["is", "level"],
        None,
    )
    assert parse('"connection  refused"').text == "connection  refused"


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("a OR b", "has no OR"),
        ("is:unresolved AND level:error", "has no AND"),
        ("(is:unresolved)", "parentheses"),
        ("level: error", "nothing stands after level:"),
        ("timesSeen:>", "nothing stands after timesSeen:"),
        ("level:[]", "is empty"),
        ("level:[a", "is not closed"),
        ('title:"open', "quote in the query is not closed"),
    ],
)
def test_what_sentry_refuses_is_refused_in_words_that_help(query: str, complaint: str) -> None:
    with pytest.raises(BadSearch, match=complaint) as refused:
        parse(query)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "query",
    [
        "one is:unresolved two",
        "one  two",
        '"one" two',
        "this or that",
        "call() failed",
        "half*word",
        'level:a"b"',
        'level:"a"b',
        "title:a\\*b",
        "level:[a]b",
        "::",
        "level:err(or)",
        "refused\x00",
        "level:\u202eerror",
    ],
)
def test_nobody_is_sure_of_what_may_be_read_in_two_ways(query: str) -> None:
    assert parse(query).unsure


def test_a_refusal_repeats_little_of_what_was_written() -> None:
    with pytest.raises(BadSearch) as refused:
        parse("k" * 500 + ":")
    assert len(str(refused.value)) < 200
