"""The one place that rows pass on their way into the store: what rules or an erasure forbid stays outside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import orjson

from sentry_sync.records.event import Event, EventBody
from sentry_sync.records.issue import Issue, IssueRaw
from sentry_sync.records.performance import QueryStat, TransactionStat, TransactionWindow, WebVital
from sentry_sync.records.release import Deploy
from sentry_sync.store.privacy import erased as erasing
from sentry_sync.store.privacy.erased import Erased, Identity
from sentry_sync.store.privacy.persons import ERASED, Clean, Persons, cleaner
from sentry_sync.store.privacy.pseudonyms import Pseudonyms
from sentry_sync.store.privacy.rules import Rules, Treatment
from sentry_sync.store.privacy.texts import of_page
from sentry_sync.store.privacy.walk import KEPT_TAGS, Walk

MESSAGE, NAME, USER, TAGS, ISSUE, BODY = "message", "name", "user", "tags", "issue", "body"
"""Of what kind a field is: what an error says, a name that rows are told apart by, ..."""

FIELDS: Mapping[type, Mapping[str, str]] = {
    Event: {"title": MESSAGE, "transaction": NAME, "user_key": USER, "tags": TAGS},
    EventBody: {"body": BODY},
    Issue: {"title": MESSAGE, "culprit": NAME, "exception_value": MESSAGE},
    IssueRaw: {"raw": ISSUE},
    TransactionStat: {"transaction": NAME},
    TransactionWindow: {"transaction": NAME},
    WebVital: {"transaction": NAME},
    QueryStat: {"description": NAME},
    Deploy: {"name": NAME, "url": NAME},
}
"""Every field that holds what users or their programs wrote. Names of releases and environments are left alone:
deployers choose them, and answers filter by them."""

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Means:
    """How the texts of one row are cleaned."""

    text: Clean
    name: Clean


class Scrubber:
    """Scrubs rows by the rules. Safe to share between threads."""

    def __init__(self, rules: Rules, pseudonyms: Pseudonyms) -> None:
        self.rules = rules
        self.pseudonyms = pseudonyms
        self._persons = Persons(rules, pseudonyms, KEPT_TAGS)
        own = None
        if rules.patterns:
            from sentry_sync.store.privacy.patterns import filtered  # here, since it loads pydantic's core

            own = filtered(rules.patterns)
        self._texts = cleaner(self._persons, own)
        kept = all(rules.of(part) is Treatment.KEEP for part in ("messages", "tags", "user.id"))
        self._lenient = kept and own is None
        """Whether a row without anything to be found in its texts is left alone."""
        self._names = cleaner(self._persons, own, names=True)

    def records(self, records: Sequence[Any], erased: Erased) -> list[Any]:
        """``records`` as they may be stored; those that nothing is taken from are the very same."""
        texts = [_joined(record) for record in records]
        wanted = of_page(texts)
        means = _Means(
            _remembering(self._texts.narrowed(wanted).clean), _remembering(self._names.narrowed(wanted).clean)
        )
        lenient = self._lenient and not erased
        # Bodies were not looked through for what is worth looking for.
        whole = _Means(_remembering(self._texts.clean), _remembering(self._names.clean))
        found, changed = [], set[str]()
        for record, text in zip(records, texts, strict=True):
            if lenient and _is_plain(record) and not (wanted.anything and wanted.may_be_in(text)):
                found.append(record)
                continue
            if type(record) is IssueRaw and not erased and not _suspect(record, changed):
                found.append(record)
                continue
            of_record = whole if type(record) in (EventBody, IssueRaw) else means
            fields = self._changes(type(record), record, of_record, erased)
            if fields and type(record) is Issue:
                changed.add(record.id)
            found.append(replace(record, **fields) if fields else record)
        return found

    def allowed(self, record: Any) -> Fields:
        """What of a record that is shown, and not stored, changes by the rules."""
        return self.fields(type(record), record, Erased(self.pseudonyms))

    def fields(self, kind: type, values: Any, erased: Erased, names: Iterable[Identity] = ()) -> Fields:
        """What of a row of ``kind`` changes; ``values`` has its fields as attributes.

        ``names`` are those of a person who is being erased: they go wherever they stand in the row.
        """
        means = _Means(self._texts.clean, self._names.clean)
        if given := frozenset(names):
            means = _after(erasing.without(given), means)
        return self._changes(kind, values, means, erased)

    def _changes(self, kind: type, row: Any, means: _Means, erased: Erased) -> Fields:
        wanted = FIELDS.get(kind)
        if wanted is None:
            return {}
        gone = False
        if erased:
            who = _persons_of(kind, row)
            gone = erased.has(who)
            means = _forgetting(means, erased, who if gone else ())
        found: Fields = {}
        for name, what in wanted.items():
            value = getattr(row, name)
            if value is not None and (new := self._treated(what, value, means, gone=gone)) is not value:
                found[name] = new
        return found

    def _treated(self, what: str, value: Any, means: _Means, *, gone: bool) -> Any:
        if what == MESSAGE:
            return self._persons.message(value, means.text)
        if what == NAME:
            return means.name(value)
        if what == USER:
            return ERASED if gone else self._persons.user_key(value, means.text)
        if what == TAGS:
            return self._tags(value, means.text, gone=gone)
        if what == BODY:
            return self._body(value, means.text, gone=gone)
        raw = orjson.loads(value)
        scrubbed = Walk(self.rules, self._persons, means.text).issue(raw)
        return value if scrubbed is raw else orjson.dumps(scrubbed)

    def _tags(self, tags: Mapping[str, str], clean: Clean, *, gone: bool) -> Mapping[str, str]:
        if self.rules.of("tags") is Treatment.DROP:
            return tags if not tags else {}  # as of rows that came without: an answer by tags asks Sentry
        found = {
            clean(name): self._persons.tag(name, value, clean)
            for name, value in tags.items()
            if not (gone and erasing.is_of_user(name))
        }
        return tags if found == tags else found

    def _body(self, body: Mapping[str, Any], clean: Clean, *, gone: bool) -> Mapping[str, Any]:
        if gone:
            rows = body.get("tags")
            rows = rows if isinstance(rows, list) else []
            kept = [row for row in rows if not (isinstance(row, dict) and erasing.is_of_user(row.get("key")))]
            body = {**body, "user": None, "tags": kept}
        scrubbed = Walk(self.rules, self._persons, clean).event(body)
        return body if scrubbed is body else {**scrubbed, SCRUBBED: True}


SCRUBBED = "_scrubbed"
"""What a body has beside what Sentry sent, once something was taken out of it."""


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    found = attrgetter(*names)
    return found if len(names) > 1 else lambda record: (found(record),)


_TEXTS = {
    kind: _getter([name for name, what in named.items() if what in (MESSAGE, NAME, USER)])
    for kind, named in FIELDS.items()
    if kind not in (EventBody, IssueRaw)
}


def _joined(record: Any) -> str:
    """The texts of a record, each on a line of its own; those inside of bodies and raw rows are not among them."""
    get = _TEXTS.get(type(record))
    if get is None:
        return ""
    texts = "\n".join(filter(None, get(record)))
    if type(record) is Event and record.tags:
        return "\n".join((texts, *record.tags, *record.tags.values()))
    return texts


def _is_plain(record: Any) -> bool:
    """Whether a record has nothing but texts, and a user known by an id alone."""
    kind = type(record)
    if kind is Event:
        key = record.user_key
        return not record.tags and (key is None or key.startswith("id:"))
    return kind is not EventBody and kind is not IssueRaw


def _remembering(clean: Clean) -> Clean:
    """The same, once for each text: those of a page repeat."""
    known: dict[str, str] = {}

    def cleaned(text: str) -> str:
        found = known.get(text)
        if found is None:
            found = clean(text)
            # Under the text itself, so that what does not change is the very same object.
            known[text] = found
        return text if found == text else found

    return cleaned


def _suspect(record: IssueRaw, changed: set[str]) -> bool:
    """Whether a raw row may hold what must not stay: an address, or what its issue's own fields held."""
    return record.issue_id in changed or (b"@" in record.raw and b"@" in _ASSIGNEE.sub(b"", record.raw))


_ASSIGNEE = re.compile(rb'"assignedTo":\{[^{}]{0,500}\}')
"""A member of the organization, who is no user of its programs: their address stays."""


def _persons_of(kind: type, row: Any) -> list[Identity]:
    if kind is EventBody:
        return erasing.of_body(row.body)
    if kind is Event:
        return [*erasing.of_key(row.user_key), *erasing.of_tags(row.tags)]
    return []


def _forgetting(means: _Means, erased: Erased, who: Sequence[Identity]) -> _Means:
    """The same without ``who``, and without mentions of anybody erased."""
    without = erasing.without(frozenset(who))
    return _after(lambda text: erased.unmentioned(without(text)), means)


def _after(first: Clean, means: _Means) -> _Means:
    def then(clean: Clean, text: str) -> str:
        found = clean(first(text))
        return text if found == text else found

    return _Means(partial(then, means.text), partial(then, means.name))
