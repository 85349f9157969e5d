"""Scrubbing what is kept as Sentry sent it: event bodies and issue rows. Pure.

Nothing is copied that does not change. What no rule knows is walked through as well: a value under a name that
announces a secret goes, and every text is cleaned, wherever an SDK put it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sentry_sync.store.privacy.names import NAME, SECRET, USERNAME, announces, is_id
from sentry_sync.store.privacy.persons import Persons
from sentry_sync.store.privacy.rules import Rules, Treatment
from sentry_sync.store.privacy.texts import FILTERED

Clean = Callable[[str], str]
Leaf = Callable[[Any], Any]

KEPT_TAGS = frozenset({"environment", "release", "dist", "level", "handled", "mechanism"})
"""Tags that say nothing of a person, and by which answers filter: no rule for tags touches them."""

_MESSAGES = frozenset({"title", "message", "formatted", "value"})
"""What an error says, in a body, its metadata and its exceptions."""

_REQUEST = {"headers": "headers", "cookies": "cookies", "query": "query", "data": "body", "env": "headers"}
_USER = {"id": "id", "email": "email", "username": "username", "name": "name", "ip_address": "ip"}

SHORTEST_CARD = 10**12
"""A whole number below it has fewer digits than a card."""

_PLAIN = frozenset({type(None), bool})


class Walk:
    """Scrubs one value. ``clean`` is what becomes of any text."""

    def __init__(self, rules: Rules, persons: Persons, clean: Clean) -> None:
        self._rules = rules
        self._persons = persons
        self._clean = clean

    def issue(self, raw: Any) -> Any:
        """A row of the list of issues."""
        return self._mapping(raw, {"title": self._message, "metadata": self._metadata, "assignedTo": _as_it_is})

    def event(self, body: Mapping[str, Any]) -> Any:
        """An event with its body."""
        return self._mapping(
            body,
            {
                "title": self._message,
                "message": self._message,
                "metadata": self._metadata,
                "user": self._user,
                "tags": self._tags,
                "entries": self._entries,
            },
        )

    def _value(self, value: Any) -> Any:
        if type(value) is str:
            return self._clean(value)
        if type(value) is dict:
            return self._mapping(value)
        if type(value) is int and value >= SHORTEST_CARD:
            return value if self._clean(str(value)) == str(value) else FILTERED
        return self._sequence(value) if type(value) is list else value

    def _mapping(self, values: Any, special: Mapping[str, Leaf] | None = None) -> Any:
        if type(values) is not dict:
            return self._value(values)
        if special is None and values.keys() == _PAIR and type(values["key"]) is str:
            value = self._named(values["key"], values["value"])
            return values if value is values["value"] else {**values, "value": value}
        found: dict[str, Any] = {}
        changed = False
        for name, value in values.items():
            treat = special.get(name) if special else None
            new = self._named(name, value) if treat is None else treat(value)
            key = self._clean(name)
            changed = changed or new is not value or key is not name
            found[key] = new
        return found if changed else values

    def _sequence(self, values: list[Any]) -> list[Any]:
        found = [self._pair(item) if _is_pair(item) else self._value(item) for item in values]
        return values if all(map(_same, found, values)) else found

    def _pair(self, pair: list[Any]) -> list[Any]:
        value = self._named(pair[0], pair[1])
        return pair if value is pair[1] else [pair[0], value]

    def _named(self, name: str, value: Any) -> Any:
        told = announces(name)
        if is_id(name, value):
            return value
        if told is None or type(value) in _PLAIN or value in ("", FILTERED):
            return self._value(value)
        if told == SECRET:
            return FILTERED
        if type(value) is not str:
            return self._value(value)
        return self._person({USERNAME: "username", NAME: "name"}[told], value)

    def _person(self, kind: str, value: Any) -> Any:
        if not isinstance(value, str | int) or isinstance(value, bool):
            return self._value(value)
        return self._persons.treated(kind, value, self._clean)

    def _message(self, value: Any) -> Any:
        if type(value) is not str:
            return self._value(value)
        return self._persons.message(value, self._clean)

    def _metadata(self, value: Any) -> Any:
        return self._mapping(value, dict.fromkeys(_MESSAGES, self._message))

    def _user(self, user: Any) -> Any:
        if type(user) is not dict:
            return self._value(user)
        found = {name: self._user_field(name, value) for name, value in user.items()}
        return user if all(map(_same, found.values(), user.values())) else found

    def _user_field(self, name: str, value: Any) -> Any:
        if name in _USER:
            return None if value is None else self._person(_USER[name], value)
        return self._part("user.geo" if name == "geo" else "user.data", value, whole=True)

    def _tags(self, tags: Any) -> Any:
        if type(tags) is not list:
            return self._value(tags)
        found = [self._tag(tag) for tag in tags]
        if self._rules.of("tags") is Treatment.DROP:
            found = [tag for tag in found if type(tag) is dict and tag.get("key") in KEPT_TAGS]
        return tags if len(found) == len(tags) and all(map(_same, found, tags)) else found

    def _tag(self, tag: Any) -> Any:
        if type(tag) is not dict or type(tag.get("key")) is not str or type(tag.get("value")) is not str:
            return self._value(tag)
        value = self._persons.tag(tag["key"], tag["value"], self._clean)
        if value is tag["value"]:
            return tag
        # Sentry adds the search for that very value: it would tell what was scrubbed.
        return {name: given for name, given in tag.items() if name not in ("value", "query")} | {"value": value}

    def _entries(self, entries: Any) -> Any:
        if type(entries) is not list:
            return self._value(entries)
        found = [self._entry(entry) for entry in entries]
        return entries if all(map(_same, found, entries)) else found

    def _entry(self, entry: Any) -> Any:
        if type(entry) is not dict or type(entry.get("data")) is not dict:
            return self._value(entry)
        known: dict[object, Leaf] = {
            "request": self._request,
            "breadcrumbs": self._breadcrumbs,
            "message": self._metadata,
        }
        treat = known.get(entry.get("type"), self._stacks)
        data = treat(entry["data"])
        return entry if data is entry["data"] else {**entry, "data": data}

    def _stacks(self, data: Any) -> Any:
        """Exceptions, threads and what else has frames: messages and local variables stand at any depth."""
        if type(data) is list:
            found = [self._stacks(item) for item in data]
            return data if all(map(_same, found, data)) else found
        if type(data) is not dict:
            return self._value(data)
        special: dict[str, Leaf] = {"value": self._message, "vars": self._locals}
        special |= {
            name: self._stacks for name, value in data.items() if type(value) in (dict, list) and name != "vars"
        }
        return self._mapping(data, special)

    def _locals(self, values: Any) -> Any:
        return self._part("locals", values)

    def _breadcrumbs(self, data: dict[str, Any]) -> Any:
        return self._mapping(data, {"values": lambda values: self._part("breadcrumbs", values)})

    def _request(self, data: dict[str, Any]) -> Any:
        special: dict[str, Leaf] = {name: _of(self._part, part) for name, part in _REQUEST.items()}
        return self._mapping(data, {**special, "url": self._url})

    def _url(self, url: Any) -> Any:
        if type(url) is not str or self._rules.of("query") is Treatment.KEEP:
            return self._value(url)
        place, asked, _ = url.partition("?")
        return self._clean(place) + (f"?{FILTERED}" if asked else "")

    def _part(self, part: str, value: Any, *, whole: bool = False) -> Any:
        """A part that its user may choose for; ``whole`` if nothing is left of it once it is dropped."""
        treatment = self._rules.of(part)
        if treatment is Treatment.KEEP or value is None:
            return self._value(value)
        if treatment is Treatment.DROP:
            found = None if whole else _filled(value, lambda _: FILTERED)
        else:
            found = _filled(value, self._persons.hashed_text, deep=True)
        return value if found == value else found


_PAIR = {"key", "value"}


def _of(part: Callable[[str, Any], Any], name: str) -> Leaf:
    return lambda value: part(name, value)


def _as_it_is(value: Any) -> Any:
    return value


def _is_pair(item: Any) -> bool:
    return type(item) is list and len(item) == 2 and type(item[0]) is str


def _same(one: object, other: object) -> bool:
    return one is other


def _filled(value: Any, leaf: Leaf, *, deep: bool = False) -> Any:
    """``value`` with its names, and ``leaf`` for what stands under them; ``deep`` down to each single value."""
    if type(value) is dict:
        return {name: _filled(under, leaf, deep=True) if deep else leaf(under) for name, under in value.items()}
    if type(value) is list:
        if all(map(_is_pair, value)):
            return [[name, leaf(under)] for name, under in value]
        return [_filled(item, leaf, deep=True) for item in value] if deep else []
    return value if type(value) in _PLAIN or value in ("", FILTERED) else leaf(value)
