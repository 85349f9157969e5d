"""Stack traces out of an event's body, whichever way a server or SDK spells them. Pure.

The frame where it happened comes first, frames of the application's own code before those of libraries;
``position`` tells where a frame really stood, 0 being where it happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.tidy import Limits, given, tidy

EXCEPTIONS = 10
"""Of a chain; an exception group can have hundreds."""

_VALUE = 2000
_PLACE = 300
_SOURCE_LINE = 300
_VARS = Limits(text=200, items=20, depth=2)


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of each stack trace to show."""

    frames: int = 30
    sources: int = 8
    """Frames shown with the lines around them and their local variables."""
    variables: bool = True


FULL = Detail()
ONE = Detail(frames=1, sources=1, variables=False)
"""Where it happened, and no more."""
LESS = (
    Detail(frames=20, sources=4),
    Detail(frames=15, sources=3, variables=False),
    Detail(frames=6, sources=1, variables=False),
)
"""What is tried in turn when the whole does not fit."""


def exceptions(values: Any, detail: Detail) -> list[dict[str, Any]]:
    """An exception chain, the one that was raised last first, each with what it was caused by after it."""
    chain = [value for value in _list(values) if isinstance(value, Mapping)]
    found = [_exception(value, detail) for value in reversed(chain[-EXCEPTIONS:])]
    if len(chain) > EXCEPTIONS:
        found.append({"left_out": f"{len(chain) - EXCEPTIONS} exceptions further down the chain"})
    return found


def any_frames(values: Any) -> bool:
    """Whether an exception of a chain has a stack trace."""
    return any(isinstance(value, Mapping) and bool(_frames(value)) for value in _list(values))


def threads(values: Any, detail: Detail) -> list[dict[str, Any]]:
    """The threads that crashed, or else the current one, where they have a stack trace."""
    known = [value for value in _list(values) if isinstance(value, Mapping) and _frames(value)]
    crashed = [value for value in known if value.get("crashed")] or [
        value for value in known if value.get("current")
    ]
    return [
        given({"thread": tidy(value.get("name") or value.get("id"), _VARS)}) | stacktrace(value, detail)
        for value in (crashed or known[:1])[:2]
    ]


def stacktrace(holder: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    """``frames`` of what holds a ``stacktrace``, and how many of them are not shown."""
    placed = list(enumerate(reversed([frame for frame in _frames(holder) if isinstance(frame, dict)])))
    own: list[tuple[int, dict[str, Any]]] = []
    others: list[tuple[int, dict[str, Any]]] = []
    for entry in placed:
        (own if _own(entry[1]) else others).append(entry)
    ordered = [*own, *others][: detail.frames]
    sourced = {position for position, _ in (own or others[:1])[: detail.sources]}
    found: dict[str, Any] = {
        "frames": [_frame(position, frame, detail, sourced=position in sourced) for position, frame in ordered]
    }
    if len(placed) > len(ordered):
        found["frames_left_out"] = len(placed) - len(ordered)
    return found if placed else {}


def _exception(value: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    mechanism = value.get("mechanism")
    mechanism = mechanism if isinstance(mechanism, Mapping) else {}
    return given(
        {
            "type": _text(value.get("type"), _PLACE),
            "value": _text(value.get("value"), _VALUE),
            "module": _text(value.get("module"), _PLACE),
            "mechanism": given(
                {
                    name: tidy(mechanism.get(name), _VARS)
                    for name in ("type", "handled", "source", "exception_id", "parent_id")
                }
            ),
        }
    ) | stacktrace(value, detail)


def _frame(position: int, frame: Mapping[str, Any], detail: Detail, *, sourced: bool) -> dict[str, Any]:
    found = {
        "position": position,
        "in_app": _own(frame),
        "function": _text(frame.get("function"), _PLACE),
        "module": _text(frame.get("module") or frame.get("package"), _PLACE),
        "file": _text(frame.get("filename") or _either(frame, "absPath", "abs_path"), _PLACE),
        "line": _number(_either(frame, "lineNo", "lineno")),
        "column": _number(_either(frame, "colNo", "colno")),
    }
    if sourced:
        found["source"] = _source(frame)
        found["vars"] = _variables(frame.get("vars")) if detail.variables else None
    return {name: value for name, value in found.items() if value not in (None, "", {})}


def _source(frame: Mapping[str, Any]) -> str | None:
    """The lines around the frame's, numbered, its own marked with ``>``."""
    at = _number(_either(frame, "lineNo", "lineno"))
    lines = [
        (_number(entry[0]), entry[1])
        for entry in _list(frame.get("context"))
        if isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) == 2
    ] or _raw_source(frame, at)
    numbered = [
        f"{'>' if number == at else ' '} {number if number is not None else '?'}: "
        f"{untrusted.block(str(text), _SOURCE_LINE)}"
        for number, text in lines
        if text is not None
    ]
    return "\n".join(numbered) or None


def _raw_source(frame: Mapping[str, Any], at: int | None) -> list[tuple[int | None, Any]]:
    """Source as SDKs send it, before a server has put it together."""
    line = _either(frame, "context_line", "contextLine")
    if line is None:
        return []
    before, after = _list(frame.get("pre_context")), _list(frame.get("post_context"))
    first = None if at is None else at - len(before)
    return [
        (None if first is None else first + offset, text) for offset, text in enumerate([*before, line, *after])
    ]


def _variables(value: Any) -> Any:
    """Local variables; some SDKs send pairs."""
    if isinstance(value, Mapping):
        return tidy(value, _VARS)
    pairs = [pair for pair in _list(value) if isinstance(pair, Sequence) and len(pair) == 2]
    return tidy({str(pair[0]): pair[1] for pair in pairs}, _VARS)


def _frames(holder: Mapping[str, Any]) -> list[Any]:
    trace = holder.get("stacktrace")
    return _list(trace.get("frames")) if isinstance(trace, Mapping) else []


def _own(frame: Mapping[str, Any]) -> bool:
    return bool(_either(frame, "inApp", "in_app"))


def _either(raw: Mapping[str, Any], camel: str, snake: str) -> Any:
    found = raw.get(camel)
    return raw.get(snake) if found is None else found


def _list(value: Any) -> list[Any]:
    if isinstance(value, Mapping):  # {"values": [...]}, as interfaces are written
        value = value.get("values")
    return value if isinstance(value, list) else []


def _text(value: Any, limit: int) -> str | None:
    return None if value is None else untrusted.block(value if isinstance(value, str) else str(value), limit)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
