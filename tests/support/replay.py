"""Serves recorded exchanges of a real GlitchTip server over HTTP, as far as they go.

What was recorded is answered to the letter. GlitchTip ignores parameters it does not know, so a path asked with
others is answered by the recording that asked for least. The issue list is walked along its recorded pages of 25.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "recorded"
ISSUES = "/api/0/organizations/acme/issues/"
FIRST_PAGE = "127-page-issues-0"
REFUSED_SORTS = {"date", "new", "freq", "user", "trends", "inbox"}


@dataclass(frozen=True)
class Recording:
    name: str
    path: str
    query: dict[str, str]
    status: int
    headers: dict[str, str]
    body: Any

    def served(self) -> tuple[int, dict[str, str], bytes]:
        body = self.body
        is_text = isinstance(body, dict) and "__text__" in body
        return self.status, self.headers, (body["__text__"] if is_text else json.dumps(body)).encode()


class Replay:
    """The recorded server; ``asked`` lists what it was asked."""

    def __init__(self, folder: Path) -> None:
        self._recordings = {found.name: found for found in map(_load, sorted(folder.glob("[0-9]*.json"))) if found}
        self.asked: list[str] = []

    def body(self, name: str) -> Any:
        return self._recordings[name].body

    @property
    def recordings(self) -> list[Recording]:
        return list(self._recordings.values())

    def answer(self, target: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(target)
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.path == ISSUES:
            return self._issues(query).served()
        alike = [found for found in self._recordings.values() if found.path == parts.path]
        if alike:
            exact = [found for found in alike if found.query == query]
            return self._ended((exact or sorted(alike, key=lambda found: len(found.query)))[0])
        return self._unrecorded(parts.path).served()

    def _ended(self, found: Recording) -> tuple[int, dict[str, str], bytes]:
        """A list whose next page nobody recorded ends there."""
        status, headers, body = found.served()
        ended = {name: value.replace('results="true"', 'results="false"') for name, value in headers.items()}
        return status, ended, body

    def _issues(self, query: dict[str, str]) -> Recording:
        if query.get("sort") in REFUSED_SORTS:
            return self._recordings["101-issues-sort-date"]
        if query.get("project") == "-1":
            return self._recordings["109-issues-p-project_1"]
        if "cursor" in query:
            pages = [found for found in self._recordings.values() if found.query.get("cursor") == query["cursor"]]
            return pages[0] if pages else self._recordings["134-cursor-garbage"]
        return self._recordings[FIRST_PAGE]

    def _unrecorded(self, path: str) -> Recording:
        if path.startswith("/api/0/issues/"):
            return self._recordings["021-404-unknown-issue"]
        if any(word in path for word in ("/issues", "/projects", "/releases")):
            return self._recordings["022-404-nonnumeric-issue"]
        return self._recordings["020-404-unknown-url"]

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The base URL of this replay on a free port of loopback."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = replay.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                if name not in ("date", "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing: a test's output is its own."""

    return Handler


def _load(path: Path) -> Recording | None:
    found = json.loads(path.read_text(encoding="utf-8"))
    request = found["request"]
    if request["method"] != "GET" or request["token"] != "valid":
        return None
    parts = urlsplit(request["path"])
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Recording(path.stem, parts.path, query, found["status"], found["headers"], found["body"])
