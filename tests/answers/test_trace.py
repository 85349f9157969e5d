"""Bodies of every shape become traces: the crash first, sizes kept, nothing hostile, nothing raised."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_sync.answers import frames
from sentry_sync.answers.tidy import Limits, size, tidy
from sentry_sync.answers.trace import Traces

WHOLE_ANSWER = 48_000

RECORDINGS = Path(os.environ.get("SENTRY_RECORDINGS") or "nowhere")
EXAMPLES = Path(os.environ.get("SENTRY_OPENAPI") or "nowhere") / "examples"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=25,
)
INTERFACES = ("exception", "threads", "request", "breadcrumbs", "message", "stacktrace")


def frame(number: int, *, own: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "function": f"f{number}",
        "filename": f"shop/f{number}.py",
        "lineNo": 10 + number,
        "inApp": own,
        "context": [[9 + number, "before"], [10 + number, "the line"], [11 + number, "after"]],
        "vars": {"x": number},
        **more,
    }


def crash(*frames_: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "KeyError", "value": "'x'", "stacktrace": {"frames": list(frames_)}, **more}


def body(*exceptions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"entries": [{"type": "exception", "data": {"values": list(exceptions)}}], **more}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_the_frame_that_crashed_comes_first_and_libraries_after_ones_own_code() -> None:
    (found,) = Traces(WHOLE_ANSWER).of(body(crash(frame(1), frame(2, own=False), frame(3), frame(4, own=False))))[
        "exceptions"
    ]
    assert [(entry["function"], entry["position"]) for entry in found["frames"]] == [
        ("f3", 1),
        ("f1", 3),
        ("f4", 0),
        ("f2", 2),
    ]


def test_only_ones_own_frames_carry_source_and_variables() -> None:
    (found,) = Traces(WHOLE_ANSWER).of(body(crash(frame(1, own=False), frame(2))))["exceptions"]
    own, library = found["frames"]
    assert own["source"] == "  11: before\n> 12: the line\n  13: after"
    assert own["vars"] == {"x": 2}
    assert "source" not in library
    assert "vars" not in library


def test_without_any_frame_of_ones_own_the_innermost_shows_its_source() -> None:
    (found,) = Traces(WHOLE_ANSWER).of(body(crash(frame(1, own=False), frame(2, own=False))))["exceptions"]
    assert [("source" in entry) for entry in found["frames"]] == [True, False]


def test_a_chain_is_told_from_what_was_raised_last_down_to_its_cause() -> None:
    found = Traces(WHOLE_ANSWER).of(body(crash(frame(1), type="KeyError"), crash(frame(2), type="RuntimeError")))
    assert [entry["type"] for entry in found["exceptions"]] == ["RuntimeError", "KeyError"]


def test_a_long_chain_says_how_many_exceptions_are_left_out() -> None:
    found = Traces(WHOLE_ANSWER).of(body(*(crash(type=f"E{number}") for number in range(14))))["exceptions"]
    assert found[0]["type"] == "E13"
    assert found[-1] == {"left_out": "4 exceptions further down the chain"}


def test_raw_events_spell_frames_in_snake_case_and_source_in_pieces() -> None:
    raw = {
        "exception": {
            "values": [
                crash(
                    {
                        "function": "pay",
                        "abs_path": "/srv/shop/pay.py",
                        "lineno": 7,
                        "in_app": True,
                        "pre_context": ["a", "b"],
                        "context_line": "c",
                        "post_context": ["d"],
                        "vars": [["x", "1"]],
                    }
                )
            ]
        }
    }
    (found,) = Traces(WHOLE_ANSWER).of(raw)["exceptions"]
    assert found["frames"] == [
        {
            "position": 0,
            "in_app": True,
            "function": "pay",
            "file": "/srv/shop/pay.py",
            "line": 7,
            "source": "  5: a\n  6: b\n> 7: c\n  8: d",
            "vars": {"x": "1"},
        }
    ]


def test_threads_stand_in_where_no_exception_has_a_stack() -> None:
    threads = [
        {"id": 1, "name": "main", "stacktrace": {"frames": [frame(1)]}},
        {"id": 2, "name": "worker", "crashed": True, "stacktrace": {"frames": [frame(2)]}},
    ]
    event = {"entries": [{"type": "threads", "data": {"values": threads}}]}
    (found,) = Traces(WHOLE_ANSWER).of(event)["threads"]
    assert (found["thread"], found["frames"][0]["function"]) == ("worker", "f2")
    assert "threads" not in Traces(WHOLE_ANSWER).of(body(crash(frame(1)), threads={"values": threads}))


def test_secrets_in_headers_and_cookies_are_not_shown() -> None:
    request = {
        "method": "POST",
        "url": "https://shop.example/pay",
        "headers": [["Authorization", "Bearer s3cret"], ["X-Api-Key", "s3cret"], ["Accept", "text/html"]],
        "cookies": [["sid", "s3cret"]],
        "query": [["a", "1"]],
        "data": {"amount": 3},
    }
    found = Traces(WHOLE_ANSWER).of({"entries": [{"type": "request", "data": request}]})["request"]
    assert "s3cret" not in str(found)
    assert found["headers"] == {"Authorization": "[not shown]", "X-Api-Key": "[not shown]", "Accept": "text/html"}
    assert (found["query"], found["data"]) == ({"a": "1"}, {"amount": 3})


def test_only_the_last_breadcrumbs_are_shown_and_the_others_counted() -> None:
    crumbs = [{"category": "log", "message": f"step {number}"} for number in range(100)]
    found = Traces(WHOLE_ANSWER).of({"entries": [{"type": "breadcrumbs", "data": {"values": crumbs}}]})[
        "breadcrumbs"
    ]
    assert found["earlier_left_out"] == 85
    assert [crumb["message"] for crumb in found["last"]] == [f"step {number}" for number in range(85, 100)]


def test_what_does_not_fit_is_shortened_or_named_with_its_size() -> None:
    event = body(
        *(crash(*(frame(number, vars={"blob": "x" * 5000}) for number in range(40))) for _ in range(5)),
        contexts={f"c{number}": {"blob": "y" * 5000} for number in range(20)},
        tags=[["region", "eu"]],
    )
    found = Traces(room=9000).of(event)
    assert found["exceptions"][0]["frames"][0]["function"] == "f39"
    assert any(line.startswith("exceptions: shortened from ") for line in found["left_out"])
    assert size({name: value for name, value in found.items() if name != "left_out"}) <= 9000 + 200
    tight = Traces(room=1000).of(event)
    assert any(line.startswith("contexts: ") and line.endswith(" bytes") for line in tight["left_out"])


def test_several_traces_share_the_room_of_one_answer() -> None:
    event = body(*(crash(*(frame(number) for number in range(30))) for _ in range(10)))
    traces = Traces(WHOLE_ANSWER)
    found = [traces.of(event) for _ in range(20)]
    assert size(found) < WHOLE_ANSWER + 20 * 300
    assert "exceptions" in found[0]
    assert "exceptions" not in found[-1]
    assert found[-1]["left_out"]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*INTERFACES, "tags", "user", "contexts", "sdk", "release"]), JSON), JSON)
def test_no_body_however_odd_raises_or_lets_a_hidden_character_through(top: dict[str, Any], inner: Any) -> None:
    event = {**top, "entries": [{"type": kind, "data": inner} for kind in INTERFACES]}
    found = Traces(WHOLE_ANSWER).of(event)
    orjson.dumps(found)
    for text in texts(found):
        assert {unicodedata.category(sign) for sign in text}.isdisjoint({"Cf", "Cs", "Zl", "Zp"})
        assert all(sign in "\n\t" or unicodedata.category(sign) != "Cc" for sign in text)


@given(JSON)
def test_tidying_keeps_to_its_limits(value: Any) -> None:
    found = tidy(value, Limits(text=10, items=2, depth=2))
    assert size(found) < 3000
    for text in texts(found):
        assert len(text) <= 10 + len("… [99999 more characters]") or text.startswith("…") or len(text) <= 130


def recorded_bodies() -> list[Any]:
    names = ("147", "150", "154", "159", "162", "182", "184", "186", "188", "190", "192", "194", "196")
    paths = sorted(path for name in names for path in RECORDINGS.glob(f"{name}-*.json"))
    return [pytest.param(path, id=path.stem) for path in [*paths, *sorted(EXAMPLES.glob("*event-detail*.json"))]]


@pytest.mark.parametrize("path", recorded_bodies())
def test_bodies_of_real_servers_show_what_happened(path: Path) -> None:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    loaded = loaded.get("body", loaded) if isinstance(loaded, dict) else loaded
    for event in loaded if isinstance(loaded, list) else [loaded]:
        found = Traces(WHOLE_ANSWER).of(event)
        assert found.get("exceptions") or found.get("message"), path
        if found.get("exceptions"):
            crashed = found["exceptions"][0]
            assert crashed["type"]
            assert crashed["frames"][0]["function"]
        assert size(found) <= WHOLE_ANSWER + 1000


def test_frames_that_are_no_frames_are_passed_over() -> None:
    odd: Any = {"values": [None, 3, {"stacktrace": {"frames": [None, 4, {"function": "f"}]}}, {"stacktrace": []}]}
    found = frames.exceptions(odd, frames.FULL)
    assert [entry.get("frames") for entry in found] == [None, [{"position": 0, "in_app": False, "function": "f"}]]
