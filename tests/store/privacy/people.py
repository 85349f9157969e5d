"""A store with one person in every place where somebody can be, and a search for them that leaves no byte out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import orjson

from sentry_sync.records.event import EventBody
from sentry_sync.records.issue import IssueRaw
from sentry_sync.records.performance import TransactionStat
from sentry_sync.records.release import Deploy
from sentry_sync.store import bodies
from sentry_sync.store.lake import Lake
from sentry_sync.store.privacy.rules import Rules, chosen
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, event, issue

ID, EMAIL, USERNAME, IP = "4711042", "chloé.müller8@example.org", "chloé.müller8", "203.0.113.77"
NAMES = (ID, EMAIL, USERNAME, IP)
KEEPING = chosen([("user.email", "keep"), ("user.username", "keep"), ("user.ip", "keep"), ("emails", "keep"), ("ips", "keep")])  # fmt: skip
OLD, NEW = NOW - timedelta(days=3), NOW - timedelta(minutes=30)
"""Old enough to lie in the lake, and too new."""

USER = {"id": ID, "email": EMAIL, "username": USERNAME, "ip_address": IP, "name": "Chloé Müller"}


def body_of(key: str, user: dict[str, Any] | None, text: str, at: datetime) -> EventBody:
    body = {
        "eventID": key,
        "title": f"Boom: {text}",
        "user": user,
        "tags": [{"key": "user", "value": f"id:{ID}"}] if user is USER else [],
        "entries": [
            {
                "type": "breadcrumbs",
                "data": {"values": [{"message": f"GET /u?mail={quote(EMAIL)} {json.dumps(EMAIL)}"}]},
            },
            {
                "type": "request",
                "data": {"data": json.dumps({"to": EMAIL}), "env": {"REMOTE_ADDR": IP if user is USER else ""}},
            },
        ],
        "contexts": {"app": {"account": USERNAME}},
    }
    return EventBody("2", key, "17", at, body, NOW)


def rows(at: datetime = NEW) -> list[Any]:
    """Two events of the person, with other names each, one of somebody else's that names them, and one of nobody."""
    first, second, third, fourth = (f"{number:032x}" for number in (1, 2, 3, 4))
    return [
        replace(event(1, at), event_id=first, user_key=f"id:{ID}", title=f"no cart of {EMAIL}", tags={"user": f"id:{ID}", "who": USERNAME}),
        replace(event(2, at), event_id=second, user_key=f"id:{ID}", title="plain", transaction=f"GET /u/{quote(EMAIL)}", tags={}),
        replace(event(3, at), event_id=third, user_key="id:5", title=f"share with {EMAIL} failed", tags={"peer": EMAIL}),
        replace(event(4, at), event_id=fourth, user_key="id:6", title="plain", tags={}),
        body_of(first, USER, EMAIL, at),
        body_of(third, {"id": "5", "email": "ben@example.org"}, f"share with {USERNAME}", at),
        issue(title=f"Boom: {EMAIL}", exception_value=EMAIL, verified_at=NOW),
        IssueRaw("17", orjson.dumps({"id": "17", "title": f"Boom: {EMAIL}", "metadata": {"value": EMAIL}}), NOW),
        Deploy("9", "r1", "prod", f"by {EMAIL}", f"https://ci.example/?by={quote(EMAIL)}", None, NOW),
        TransactionStat("2", "", f"GET /u/{EMAIL}", at.replace(minute=0), 3, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, None, None, False),
    ]  # fmt: skip


def filled(folder: Path, clock: FakeClock, rules: Rules = KEEPING, at: datetime = NEW) -> Store:
    store = Store(folder, clock, rules)
    store.prepare()
    with store.write() as uow:
        uow.claim("http://127.0.0.1/api/0/", "acme")
        uow.upsert(rows(at))
    Lake(store, clock).publish()
    return store


def spellings(store: Store) -> set[str]:
    names = store.scrubber().pseudonyms
    plain = {ID, EMAIL, USERNAME, IP}
    plain |= {
        names.name(kind, value) for kind, value in zip(("id", "email", "username", "ip"), NAMES, strict=True)
    }
    plain |= {json.dumps(name)[1:-1] for name in plain} | {quote(name) for name in plain}
    return plain | {quote(name, safe="") for name in plain} | {name.upper() for name in plain}


def found(store: Store) -> set[str]:
    """The spellings of the person's names that any byte of the store's directory still has."""
    texts = list(_texts(store.paths.directory))
    return {name for name in spellings(store) if any(name in text for text in texts)}


def _texts(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            with closing(duckdb.connect()) as session:
                yield str(session.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall())
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        for table, column in (("event_bodies", "body"), ("issue_raw", "raw")):
            for (packed,) in connection.execute(f"SELECT {column} FROM {table}"):
                yield bodies.unpack(packed).decode()
