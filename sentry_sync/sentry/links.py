"""The Link header: is there a next page, and under which cursor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,'\"}]*))*)")
_ATTRIBUTE = re.compile(r";\s*([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,'\"}]*))")


@dataclass(frozen=True, slots=True)
class Links:
    """``next_cursor`` is None at the end; ``present`` is False if the answer had no Link header at all."""

    next_cursor: str | None
    present: bool


def read_links(header: str | None) -> Links:
    """What a Link header says about the next page.

    There is one only if ``rel="next"`` has ``results="true"``: Sentry always sends both links, and pages may be
    short or empty before the end. The attributes come in any order, URLs may hold commas, and GlitchTip sends a
    printed Python set. Of the URL nothing but a cursor is ever used: its host may not be the one we talk to.
    """
    if not header:
        return Links(None, present=False)
    for url, tail in _LINK.findall(header):
        attributes = {name.lower(): quoted or bare for name, quoted, bare in _ATTRIBUTE.findall(tail)}
        if attributes.get("rel") == "next" and attributes.get("results") == "true":
            return Links(attributes.get("cursor") or _cursor_of(url), present=True)
    return Links(None, present=True)


def _cursor_of(url: str) -> str | None:
    try:
        found = parse_qs(urlsplit(url).query).get("cursor")
    except ValueError:
        return None
    return found[0] if found else None
