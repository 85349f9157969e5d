"""Arguments: what clients mean is understood, what they misspell is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.errors import QuestionError
from sentry_sync.serve.arguments import Parameter, bind, input_schema

PARAMETERS = (
    Parameter("project", "text", "Slug.", required=True),
    Parameter("status", "text", "Status.", choices=("resolved", "unresolved")),
    Parameter("limit", "integer", "Rows.", minimum=1, maximum=100, default=25),
    Parameter("full_trace", "boolean", "Traces.", default=False),
)


def bound(**given: Any) -> dict[str, Any]:
    return bind("get-things", PARAMETERS, given)


def test_what_is_given_is_checked_and_nothing_else_is_added() -> None:
    assert bound(project="api", limit=3, full_trace=True) == {"project": "api", "limit": 3, "full_trace": True}


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("limit", "25", 25),
        ("limit", 25.0, 25),
        ("full_trace", "true", True),
        ("full_trace", "False", False),
        ("status", "RESOLVED", "resolved"),
        ("project", 42, "42"),
        ("project", "  api ", "api"),
    ],
)
def test_harmless_slips_are_understood(name: str, value: Any, meant: Any) -> None:
    assert bound(**{"project": "api", name: value})[name] == meant


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_not_given(nothing: Any) -> None:
    assert bound(project="api", status=nothing, limit=nothing) == {"project": "api"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"project": "api", "statsu": "x"},
            r"no argument 'statsu' \(did you mean status\?\); it takes project, status",
        ),
        ({"project": "api", "fullTrace": True}, r"no argument 'fullTrace' \(did you mean full_trace\?\)"),
        ({"project": "api", "zzz": 1}, "no argument 'zzz'; it takes"),
        ({}, "get-things needs project"),
        ({"project": "  "}, "get-things needs project"),
        ({"project": None}, "get-things needs project"),
        ({"project": ["api"]}, "project must be a text"),
        ({"project": True}, "project must be a text"),
        ({"project": "x" * 1001}, "project must be a text of at most 1000"),
        ({"project": "api", "status": "open"}, "status must be one of resolved, unresolved, not 'open'"),
        ({"project": "api", "status": "resloved"}, r"did you mean resolved\?"),
        ({"project": "api", "limit": 0}, "limit must be a whole number from 1 to 100"),
        ({"project": "api", "limit": 101}, "limit must be"),
        ({"project": "api", "limit": 2.5}, "limit must be"),
        ({"project": "api", "limit": "many"}, "limit must be"),
        ({"project": "api", "limit": True}, "limit must be"),
        ({"project": "api", "full_trace": 1}, "full_trace must be true or false"),
    ],
)
def test_everything_else_is_refused_in_a_line_that_helps(given: dict[str, Any], says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        bind("get-things", PARAMETERS, given)


def test_what_was_sent_is_repeated_clean_and_short() -> None:
    with pytest.raises(QuestionError) as refused:
        bound(project="api", **{"evil\u202e\n" + "x" * 500: 1})
    assert "\u202e" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


@given(
    st.dictionaries(
        st.sampled_from([p.name for p in PARAMETERS]) | st.text(max_size=9),
        st.text() | st.integers() | st.none() | st.floats() | st.booleans() | st.lists(st.none()),
    )
)
def test_nothing_a_client_sends_raises_anything_else(given_: dict[str, Any]) -> None:
    try:
        found = bind("get-things", PARAMETERS, given_)
    except QuestionError as error:
        assert "\n" not in str(error)
    else:
        assert set(found) <= {parameter.name for parameter in PARAMETERS}


def test_the_schema_says_what_the_check_checks() -> None:
    assert input_schema(PARAMETERS) == {
        "type": "object",
        "properties": {
            "project": {"type": "string", "description": "Slug."},
            "status": {"type": "string", "enum": ["resolved", "unresolved"], "description": "Status."},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25, "description": "Rows."},
            "full_trace": {"type": "boolean", "default": False, "description": "Traces."},
        },
        "additionalProperties": False,
        "required": ["project"],
    }


NAMED = (Parameter("parameters", "object", "Values."),)


@pytest.mark.parametrize("value", [{"days": 7, "project": None}, '{"days": 7, "project": null}'])
def test_an_object_of_plain_values_may_be_its_text(value: Any) -> None:
    assert bind("run-it", NAMED, {"parameters": value}) == {"parameters": {"days": 7, "project": None}}
    assert input_schema(NAMED)["properties"]["parameters"]["type"] == "object"


@pytest.mark.parametrize("value", ["days=7", "[7]", [7], 7, {"days": [7]}, {"days": {"until": 7}}])
def test_what_is_no_object_of_plain_values_is_refused(value: Any) -> None:
    with pytest.raises(QuestionError, match=r'must be an object of names and values, as in {"days": 7}'):
        bind("run-it", NAMED, {"parameters": value})
