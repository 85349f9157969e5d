"""Arguments of a tool: declared once, as the schema a client sees and as the check of what it sends. Pure.

Assistants write ``"25"`` for 25 and ``null`` for nothing, which is harmless, and misspell names, which is not: an
ignored filter would make an answer to another question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sentry_sync.answers import untrusted
from sentry_sync.errors import QuestionError

LONGEST_TEXT = 1000
"""Characters: an issue's address is the longest thing anybody has reason to send."""

_TYPES = {"text": "string", "texts": "array"}

QUOTED = 60
"""Characters of what was sent that an error repeats."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument."""

    name: str
    kind: Literal["text", "texts", "integer", "boolean", "object"]
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0
    default: str | int | bool | None = None
    longest: int = LONGEST_TEXT
    """Characters of a text."""
    explained: bool = False
    """The instructions explain it, once for all tools that have it: their schemas say its type alone."""

    def schema(self) -> dict[str, Any]:
        """Its JSON schema."""
        found: dict[str, Any] = {"type": _TYPES.get(self.kind, self.kind)}
        if self.kind == "texts":
            found["items"] = {"type": "string"}
        if self.choices:
            found["enum"] = list(self.choices)
        if self.kind == "integer" and not self.explained:
            found |= {"minimum": self.minimum, "maximum": self.maximum}
        if self.default is not None:
            found["default"] = self.default
        return found if self.explained else found | {"description": self.description}

    def read(self, value: Any) -> Any:
        """``value`` as what it must be; raises QuestionError."""
        if self.kind == "boolean":
            return self._boolean(value)
        if self.kind == "integer":
            return self._integer(value)
        if self.kind == "object":
            return self._object(value)
        if self.kind == "texts":  # many clients send one text for a list of one
            return tuple(self._text(one) for one in (value if isinstance(value, list) else [value]))
        return self._choice(self._text(value))

    def _text(self, value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # ids are numbers to many clients
        if not isinstance(value, str) or len(value) > self.longest:
            raise QuestionError(f"{self.name} must be a text of at most {self.longest} characters")
        return value.strip()

    def _choice(self, value: str) -> str:
        if not self.choices or value in self.choices:
            return value
        if value.lower() in self.choices:
            return value.lower()
        choices = ", ".join(self.choices)
        raise QuestionError(
            f"{self.name} must be one of {choices}, not {quoted(value)}{nearest(value, self.choices)}"
        )

    def _integer(self, value: Any) -> int:
        if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self.minimum <= value <= self.maximum:
            raise QuestionError(f"{self.name} must be a whole number from {self.minimum} to {self.maximum}")
        return int(value)

    def _object(self, value: Any) -> dict[str, Any]:
        if isinstance(value, str):  # some clients write the object as text
            try:
                value = json.loads(value)
            except ValueError:
                value = None
        plain = isinstance(value, dict) and all(
            entry is None or isinstance(entry, (str, int, float)) for entry in value.values()
        )
        if not plain:
            raise QuestionError(f'{self.name} must be an object of names and values, as in {{"days": 7}}')
        return dict(value)

    def _boolean(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
            return value.strip().lower() == "true"
        raise QuestionError(f"{self.name} must be true or false")


def input_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON schema of a tool's arguments."""
    found: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: parameter.schema() for parameter in parameters},
        "additionalProperties": False,
    }
    required = [parameter.name for parameter in parameters if parameter.required]
    return found | ({"required": required} if required else {})


def bind(tool: str, parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that were given, checked; null and empty text count as not given. Raises QuestionError."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            takes = ", ".join(known) or "no arguments"
            raise QuestionError(f"{tool} has no argument {quoted(name)}{nearest(name, known)}; it takes {takes}")
    found = {
        name: parameter.read(given[name])
        for name, parameter in known.items()
        if given.get(name) is not None and given[name] != ""
    }
    missing = [name for name, parameter in known.items() if parameter.required and not found.get(name)]
    if missing:
        raise QuestionError(f"{tool} needs {' and '.join(missing)}")
    return {name: value for name, value in found.items() if value not in ("", ())}


def quoted(text: str) -> str:
    """What was sent, as an error may repeat it."""
    return repr(untrusted.line(text, QUOTED))


def nearest(text: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    """`` (did you mean x?)`` for the name that ``text`` is likeliest to stand for, or nothing."""
    from difflib import get_close_matches

    found = get_close_matches(text.lower().replace("-", "_"), list(names), 1, 0.5) or get_close_matches(
        text.lower().replace("_", "-"), list(names), 1, 0.5
    )
    return f" (did you mean {found[0]}?)" if found else ""
